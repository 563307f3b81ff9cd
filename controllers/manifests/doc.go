// Package manifests makes the configuration of a SCIM server from a folder of YAML files, without a cluster: the four
// kinds, Secrets and Namespaces, checked against the schemas of the CRDs and compiled as the operator does. It watches
// the folder for change.
package manifests
