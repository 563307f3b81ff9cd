// Package workload builds the Kubernetes objects of a SCIMServer. It is pure: a SCIMServer in, what should exist out.
package workload
