package workload

import (
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

// Ingress leads a host to the server; nil if the spec asks for none.
func Ingress(s *v1alpha1.SCIMServer) *networkingv1ac.IngressApplyConfiguration {
	in := s.Spec.Endpoint.Ingress
	if in == nil {
		return nil
	}
	backend := networkingv1ac.IngressBackend().WithService(networkingv1ac.IngressServiceBackend().
		WithName(s.Name).WithPort(networkingv1ac.ServiceBackendPort().WithName("scim")))
	spec := networkingv1ac.IngressSpec().WithRules(networkingv1ac.IngressRule().WithHost(in.Host).
		WithHTTP(networkingv1ac.HTTPIngressRuleValue().WithPaths(networkingv1ac.HTTPIngressPath().
			WithPath("/").WithPathType(networkingv1.PathTypePrefix).WithBackend(backend))))
	if in.ClassName != "" {
		spec.WithIngressClassName(in.ClassName)
	}
	if in.TLSSecretName != "" {
		spec.WithTLS(networkingv1ac.IngressTLS().WithHosts(in.Host).WithSecretName(in.TLSSecretName))
	}
	return networkingv1ac.Ingress(s.Name, s.Namespace).WithLabels(Labels(s)).WithAnnotations(in.Annotations).WithSpec(spec)
}

// Route is an HTTPRoute of Gateway API; nil if the spec asks for none.
func Route(s *v1alpha1.SCIMServer) *unstructured.Unstructured {
	g := s.Spec.Endpoint.Gateway
	if g == nil {
		return nil
	}
	var parents, hostnames []any
	for _, p := range g.ParentRefs {
		parents = append(parents, parentRef(p))
	}
	for _, h := range g.Hostnames {
		hostnames = append(hostnames, string(h))
	}
	route := object(s, blank(HTTPRoute))
	spec := map[string]any{
		"parentRefs": parents,
		"rules": []any{map[string]any{
			"matches":     []any{map[string]any{"path": map[string]any{"type": "PathPrefix", "value": "/"}}},
			"backendRefs": []any{map[string]any{"name": s.Name, "port": int64(PortSCIM)}},
		}},
	}
	if len(hostnames) > 0 {
		spec["hostnames"] = hostnames
	}
	route.Object["spec"] = spec
	return route
}

func parentRef(p v1alpha1.GatewayParentReference) map[string]any {
	out := map[string]any{"name": p.Name}
	for field, value := range map[string]string{"kind": p.Kind, "namespace": p.Namespace, "sectionName": p.SectionName} {
		if value != "" {
			out[field] = value
		}
	}
	if p.Group != nil {
		out["group"] = *p.Group
	}
	if p.Port != nil {
		out["port"] = int64(*p.Port)
	}
	return out
}

// Monitor is a ServiceMonitor of the Prometheus Operator.
func Monitor(s *v1alpha1.SCIMServer) *unstructured.Unstructured {
	monitor := object(s, blank(ServiceMonitor))
	labels := map[string]any{}
	for key, value := range selector(s) {
		labels[key] = value
	}
	monitor.Object["spec"] = map[string]any{
		"selector":  map[string]any{"matchLabels": labels},
		"endpoints": []any{map[string]any{"port": "ops", "path": "/metrics"}},
	}
	return monitor
}

func object(s *v1alpha1.SCIMServer, u *unstructured.Unstructured) *unstructured.Unstructured {
	u.SetNamespace(s.Namespace)
	u.SetName(s.Name)
	u.SetLabels(Labels(s))
	return u
}
