// Package queue holds what the tables of events mean in every SQL store: the numbers of types and states, and how a replay
// walks a tenant's events. What is here is in databases: numbers are never given another meaning.
package queue
