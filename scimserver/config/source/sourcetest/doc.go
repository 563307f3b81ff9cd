// Package sourcetest is as much of a Kubernetes API server as a SCIM server asks for, in this process: watches of Secrets by
// name, and patches of ConfigMaps.
package sourcetest
