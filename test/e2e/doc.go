// Package e2e tests the installed operator on the cluster that KUBECONFIG names.
//
//	KUBECTL              the kubectl to use; default: kubectl
//	IMG                  the image to install, already on the nodes; default: scim-operator.io/scim-operator:e2e
//	EXAMPLEAPP_IMG       the image of the example application; default: scim-operator.io/exampleapp:e2e
//	E2E_HOST             address at which pods reach the machine that runs the tests, which starts PostgreSQL for them
//	E2E_NODE_STOP        command that takes the power from the node whose name is appended
//	E2E_NODE_START       command that brings that node back
//	E2E_APISERVER_STOP   command that ends the API server
//	E2E_APISERVER_START  command that brings it back
//	E2E_KEEP             when set, what was installed stays
package e2e
