// Command run is the product on one machine: a Kubernetes API server and etcd, the operator and a SCIM server for
// each StatefulSet the operator asks for, until Ctrl-C. What it keeps stays in --data for the next start.
package main
