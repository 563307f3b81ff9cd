package main

import (
	"os"
)

// startOperator runs the operator against the cluster. Tenants get their URL from baseURL, where the node's proxy listens.
func startOperator(data *dataDir, c *cluster, baseURL string) (*process, error) {
	env := append(os.Environ(), "KUBECONFIG="+c.kubeconfig)
	return start(data.log("operator"), data.path("bin", "operator"), env,
		"--default-base-url="+baseURL, "--metrics-bind-address=0", "--health-probe-bind-address=0")
}
