package kubeutil

import (
	"context"
	"fmt"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
)

// Names of the indexes in the manager's cache. Values that name objects are namespace/name.
const (
	IndexTenantServer      = "tenant.server"      // SCIMTenants by the SCIMServer that they name, and the one that has their data
	IndexTenantSecret      = "tenant.secret"      // SCIMTenants by the Secret of the token that the admin brings
	IndexTenantApplication = "tenant.application" // SCIMTenants by SCIMApplication
	IndexTenantMapping     = "tenant.mapping"     // SCIMTenants by SCIMMapping
	IndexServerSecret      = "server.secret"      // SCIMServers by the Secrets of their certificate and of their database
	IndexServerHost        = "server.host"        // SCIMServers by the host of their Ingress, a bare name
	IndexApplicationSecret = "application.secret" // SCIMApplications by the Secret that signs their webhooks
)

// RegisterIndexes adds the indexes to a cache, before it starts.
func RegisterIndexes(ctx context.Context, indexer client.FieldIndexer) error {
	tenants := map[string]func(*v1alpha1.SCIMTenant) []string{
		IndexTenantServer:      ServersOf,
		IndexTenantSecret:      tokenSecretOf,
		IndexTenantApplication: ApplicationsOf,
		IndexTenantMapping:     MappingsOf,
	}
	for name, values := range tenants {
		if err := index(ctx, indexer, name, &v1alpha1.SCIMTenant{}, values); err != nil {
			return err
		}
	}
	if err := index(ctx, indexer, IndexApplicationSecret, &v1alpha1.SCIMApplication{}, webhookSecretOf); err != nil {
		return err
	}
	servers := map[string]func(*v1alpha1.SCIMServer) []string{
		IndexServerSecret: serverSecretsOf,
		IndexServerHost:   ingressHostOf,
	}
	for name, values := range servers {
		if err := index(ctx, indexer, name, &v1alpha1.SCIMServer{}, values); err != nil {
			return err
		}
	}
	return nil
}

func index[T client.Object](ctx context.Context, indexer client.FieldIndexer, name string, kind T, values func(T) []string) error {
	err := indexer.IndexField(ctx, kind, name, func(o client.Object) []string { return values(o.(T)) })
	if err != nil {
		return fmt.Errorf("index %s: %w", name, err)
	}
	return nil
}

// ServersOf names the SCIMServers that have to do with a tenant: the one that it names, the one that has its data, the one that
// they go to, and the one that they have left.
func ServersOf(t *v1alpha1.SCIMTenant) []string {
	named := join(t.ServerKey())
	servers := []string{named}
	way, _ := compile.WayOf(t)
	forward, _ := compile.ForwardOf(t)
	for _, key := range []string{t.Annotations[v1alpha1.AnnotationBoundServer], way.To, forward.From} {
		if key != "" && !slices.Contains(servers, key) {
			servers = append(servers, key)
		}
	}
	return servers
}

func tokenSecretOf(t *v1alpha1.SCIMTenant) []string {
	if ref := TokenSecretRef(t); ref != "" {
		return []string{join(t.Namespace, ref)}
	}
	return nil
}

// TokenSecretRef is the name of the Secret with the token that the admin brings, "" if the operator generates it.
func TokenSecretRef(t *v1alpha1.SCIMTenant) string {
	if t.Spec.Auth == nil || t.Spec.Auth.Bearer == nil || t.Spec.Auth.Bearer.SecretRef == nil {
		return ""
	}
	return t.Spec.Auth.Bearer.SecretRef.Name
}

// ApplicationsOf names the SCIMApplication of a tenant, if it has one.
func ApplicationsOf(t *v1alpha1.SCIMTenant) []string {
	if ref := t.Spec.ApplicationRef; ref != nil {
		return []string{join(ref.NamespaceOr(t.Namespace), ref.Name)}
	}
	return nil
}

// MappingsOf names the SCIMMappings of a tenant.
func MappingsOf(t *v1alpha1.SCIMTenant) []string {
	var out []string
	for _, ref := range t.Spec.MappingRefs {
		out = append(out, join(t.Namespace, ref.Name))
	}
	return out
}

func webhookSecretOf(a *v1alpha1.SCIMApplication) []string {
	if name := compile.WebhookSecret(a); name != "" {
		return []string{join(a.Namespace, name)}
	}
	return nil
}

func serverSecretsOf(s *v1alpha1.SCIMServer) (out []string) {
	if tls := s.Spec.Endpoint.TLS; tls != nil {
		out = append(out, join(s.Namespace, tls.SecretName))
	}
	if pg := s.Spec.Storage.Postgres; pg != nil {
		out = append(out, join(s.Namespace, pg.SecretRef.Name))
	}
	return out
}

func ingressHostOf(s *v1alpha1.SCIMServer) []string {
	if in := s.Spec.Endpoint.Ingress; in != nil {
		return []string{in.Host}
	}
	return nil
}

func join(namespace, name string) string { return namespace + "/" + name }
