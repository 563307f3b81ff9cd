package manifests

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/controllers/credentials"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// process stands for the SCIMServer that the one process is: all servers of the manifests run in it.
func process() *v1alpha1.SCIMServer {
	s := &v1alpha1.SCIMServer{ObjectMeta: metav1.ObjectMeta{Namespace: "local", Name: "manifests"}}
	s.Spec.AllowedTenants.Namespaces.From = v1alpha1.NamespacesFromAll
	return s
}

// load reads the folder and makes a configuration of it. Tenants with findings keep their earlier entry; an error is about
// the folder as a whole, and nothing changes.
func (l *Loader) load() (*config.Server, error) {
	o, err := read(l.Dir)
	if err != nil {
		return nil, err
	}
	base, err := l.baseURL(o)
	if err != nil {
		return nil, err
	}
	in := compile.Input{Server: process(), BaseURL: base, Previous: l.previous, Now: l.Now()}
	findings := o.findings(base)
	for _, key := range slices.Sorted(maps.Keys(o.tenants)) {
		candidate, finding, err := l.candidate(o, o.tenants[key], base, findings)
		if err != nil {
			return nil, err
		}
		in.Tenants = append(in.Tenants, candidate)
		findings["SCIMTenant "+key] = finding
	}
	l.tell(o, findings)
	result := compile.Server(in)
	for _, problem := range result.Problems {
		l.Log.Error("a tenant keeps its earlier configuration", "error", problem)
	}
	l.wakeAt(result.Next)
	return result.Config, nil
}

// baseURL is the one that the servers of the manifests name, else that of the options.
func (l *Loader) baseURL(o *objects) (string, error) {
	named := map[string]bool{}
	for _, s := range o.servers {
		if e := s.Spec.Endpoint; e.BaseURL != "" || e.Ingress != nil || e.Gateway != nil {
			named[compile.BaseURL(s, l.BaseURL)] = true
		}
	}
	urls := slices.Sorted(maps.Keys(named))
	switch len(urls) {
	case 0:
		return l.BaseURL, nil
	case 1:
		return urls[0], nil
	}
	return "", fmt.Errorf("the SCIMServers have several base URLs (%s), and one process has one; run a process for each", strings.Join(urls, ", "))
}

// findings judges everything but tenants.
func (o *objects) findings(base string) map[string]compile.Finding {
	out := map[string]compile.Finding{}
	for key, s := range o.servers {
		_, certificate := o.secrets[s.Namespace+"/"+certificateOf(s)]
		out["SCIMServer "+key] = compile.ServerFinding(compile.ServerFacts{
			Server: s, BaseURL: base, CertificateMissing: certificateOf(s) != "" && !certificate,
		})
	}
	for key, a := range o.applications {
		out["SCIMApplication "+key] = compile.ApplicationFinding(a)
	}
	for key, m := range o.mappings {
		out["SCIMMapping "+key] = compile.MappingFinding(m)
	}
	return out
}

func certificateOf(s *v1alpha1.SCIMServer) string {
	if s.Spec.Endpoint.TLS == nil {
		return ""
	}
	return s.Spec.Endpoint.TLS.SecretName
}

// candidate judges a tenant and keeps its credentials.
func (l *Loader) candidate(o *objects, t *v1alpha1.SCIMTenant, base string, findings map[string]compile.Finding) (compile.Candidate, compile.Finding, error) {
	facts := compile.TenantFacts{Tenant: t, Server: o.servers[compile.ServerKey(t)], NamespaceLabels: o.namespaceLabels(t.Namespace)}
	if t.OwnServer() && facts.Server != nil {
		facts.Taken = "SCIMServer " + compile.ServerKey(t) + " is declared as well"
	}
	var brought string
	brought, facts.Credentials = o.brought(t)
	finding := compile.Tenant(facts)
	if server := findings["SCIMServer "+compile.ServerKey(t)]; finding.OK() && !server.OK() {
		finding = compile.Finding{Reason: v1alpha1.ReasonServerNotReady, Message: "SCIMServer " + compile.ServerKey(t) + " is not accepted: " + server.Message}
	}
	candidate := compile.Candidate{Tenant: t, Accepted: finding.OK()}
	if !finding.OK() && (!facts.Credentials.OK() || !l.knows(t)) {
		return candidate, finding, nil
	}
	kept, err := l.credentials(t, compile.TenantURL(base, t), brought)
	if err != nil {
		return candidate, finding, err
	}
	candidate.Credentials = kept
	if !kept.ExpiresAt.IsZero() {
		l.wakeAt(kept.ExpiresAt)
	}
	return candidate, finding, nil
}

// knows tells whether the tenant was served before.
func (l *Loader) knows(t *v1alpha1.SCIMTenant) bool {
	return l.previous != nil && slices.ContainsFunc(l.previous.Tenants, func(e config.Tenant) bool { return e.Key == compile.Key(t) })
}

// namespaceLabels are those of a Namespace of the manifests, and the one that every Namespace has.
func (o *objects) namespaceLabels(name string) map[string]string {
	out := map[string]string{corev1.LabelMetadataName: name}
	if ns, ok := o.namespaces[name]; ok {
		maps.Copy(out, ns.Labels)
	}
	return out
}

// brought is the token that a Secret of the manifests has for the tenant, if it names one.
func (o *objects) brought(t *v1alpha1.SCIMTenant) (string, compile.Finding) {
	if t.Spec.Auth == nil || t.Spec.Auth.Bearer == nil || t.Spec.Auth.Bearer.SecretRef == nil {
		return "", compile.Finding{}
	}
	key := t.Namespace + "/" + t.Spec.Auth.Bearer.SecretRef.Name
	secret, ok := o.secrets[key]
	if !ok {
		return "", compile.Finding{Reason: v1alpha1.ReasonSecretNotFound, Message: "spec.auth.bearer.secretRef: there is no Secret " + key + " in the manifests"}
	}
	data := maps.Clone(secret.Data)
	if data == nil {
		data = map[string][]byte{}
	}
	for name, value := range secret.StringData {
		data[name] = []byte(value)
	}
	token, err := credentials.CheckBrought(data)
	if err != nil {
		return "", compile.Finding{Reason: v1alpha1.ReasonInvalidSecret, Message: fmt.Sprintf("spec.auth.bearer.secretRef: Secret %s is not usable: %v", key, err)}
	}
	return token, compile.Finding{}
}

// tell logs findings that are new or have changed.
func (l *Loader) tell(o *objects, findings map[string]compile.Finding) {
	for _, id := range slices.Sorted(maps.Keys(findings)) {
		f := findings[id]
		if !f.OK() && l.told[id] != f {
			l.Log.Warn("not accepted", "object", id, "file", o.origin[id], "reason", string(f.Reason), "message", f.Message)
		}
	}
	l.told = findings
}
