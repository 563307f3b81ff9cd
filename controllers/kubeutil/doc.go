// Package kubeutil is what the reconcilers share in talking to Kubernetes: phases of a pass, server-side apply that
// writes only on change, conditions, status and the names of cache indexes.
package kubeutil
