// Package envtest runs the operator against a real API server, with stand-ins for what else a cluster has: the pods of
// the SCIM servers, and a count of the operator's writes.
package envtest
