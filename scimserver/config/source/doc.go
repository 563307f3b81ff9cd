// Package source brings a server's configuration to it: it watches one Secret through the Kubernetes API and writes the
// server's report into one ConfigMap. It needs no more rights than get and watch on that Secret and get and patch on that
// ConfigMap, both by name, and links no clientset.
package source
