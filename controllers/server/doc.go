// Package server reconciles SCIMServers: it compiles the configuration of their tenants and keeps their workload.
package server
