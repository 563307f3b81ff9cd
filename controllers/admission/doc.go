// Package admission checks objects that reach no API server for what the schema of their kinds would refuse there. It is
// pure, and silent about fields that mean nothing without a cluster.
package admission
