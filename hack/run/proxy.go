package main

import (
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

// routes leads /{namespace}/{tenant}/… to the process of the tenant's server, as an Ingress would.
func (n *node) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/{namespace}/{tenant}/{rest...}", func(w http.ResponseWriter, r *http.Request) {
		addr, err := n.serverOf(r, r.PathValue("namespace"), r.PathValue("tenant"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: addr}).ServeHTTP(w, r)
	})
	return mux
}

func (n *node) serverOf(r *http.Request, namespace, name string) (string, error) {
	var tenant v1alpha1.SCIMTenant
	if err := n.client.Get(r.Context(), client.ObjectKey{Namespace: namespace, Name: name}, &tenant); err != nil {
		return "", fmt.Errorf("no tenant %s/%s", namespace, name)
	}
	var key client.ObjectKey
	key.Namespace, key.Name = tenant.ServerKey()
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.servers[key]
	if s == nil {
		return "", fmt.Errorf("the server of tenant %s/%s does not run", namespace, name)
	}
	return s.listen, nil
}
