// Package manifests makes a server's configuration from a folder of manifests, as the operator makes it from the objects of
// a cluster: the same kinds, the same rules, the same credentials.
package manifests
