// Package plugin is what kubectl scim does: it reads a tenant and its credentials from the cluster, and runs the
// administration program of the tenant's server in its pod.
package plugin
