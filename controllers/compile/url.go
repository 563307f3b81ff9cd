package compile

import (
	"fmt"
	"strings"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

// ServicePort is the port of a server's Service.
const ServicePort = 8080

// BaseURL is the address under which identity providers reach a server; fallback is the operator's --default-base-url.
func BaseURL(s *v1alpha1.SCIMServer, fallback string) string {
	e := s.Spec.Endpoint
	switch {
	case e.BaseURL != "":
		return strings.TrimRight(e.BaseURL, "/")
	case e.Ingress != nil:
		return "https://" + e.Ingress.Host
	case gatewayHost(e.Gateway) != "":
		return "https://" + gatewayHost(e.Gateway)
	case fallback != "":
		return strings.TrimRight(fallback, "/")
	case e.TLS != nil:
		return fmt.Sprintf("https://%s.%s.svc:%d", s.Name, s.Namespace, ServicePort)
	}
	return fmt.Sprintf("http://%s.%s.svc:%d", s.Name, s.Namespace, ServicePort)
}

func gatewayHost(g *v1alpha1.ServerGateway) string {
	if g == nil {
		return ""
	}
	for _, h := range g.Hostnames {
		if !strings.HasPrefix(string(h), "*") {
			return string(h)
		}
	}
	return ""
}

// TenantURL is the SCIM base URL of a tenant.
func TenantURL(base string, t *v1alpha1.SCIMTenant) string {
	return base + v1alpha1.TenantPath(t.Namespace, t.Name)
}
