package manifests

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/admission"
	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
)

func (p *pass) judgeServers() {
	p.servers = map[string]compile.Finding{}
	for _, key := range slices.Sorted(maps.Keys(p.objects.Servers)) {
		p.servers[key] = serverFinding(p.objects.Servers[key])
		p.tell(v1alpha1.KindSCIMServer, key, p.servers[key])
	}
}

func (p *pass) judgeTenants() {
	for _, key := range slices.Sorted(maps.Keys(p.objects.Tenants)) {
		c := p.candidate(p.objects.Tenants[key])
		p.tell(v1alpha1.KindSCIMTenant, key, c.finding)
		p.candidates = append(p.candidates, c)
	}
}

func (p *pass) candidate(t *v1alpha1.SCIMTenant) *candidate {
	c := &candidate{tenant: t, server: p.objects.Servers[compile.ServerKey(t)]}
	c.brought, c.token = broughtToken(t, p.objects.Secrets)
	facts := compile.TenantFacts{Tenant: t, Server: c.server, NamespaceLabels: p.labels(t.Namespace), Credentials: c.token}
	wrong := p.servers[compile.ServerKey(t)]
	if t.OwnServer() && c.server != nil {
		facts.Taken = fmt.Sprintf("SCIMServer %s exists already and belongs to somebody else", compile.ServerKey(t))
	}
	// A server that is missing or wrong does not take its tenants' last good entries away.
	if t.OwnServer() || c.server == nil || !wrong.OK() {
		c.server = standIn(t)
	}
	if !t.OwnServer() && !wrong.OK() {
		c.finding = compile.Finding{Reason: v1alpha1.ReasonServerNotReady,
			Message: fmt.Sprintf("SCIMServer %s is not accepted: %s", compile.ServerKey(t), wrong.Message)}
		return c
	}
	c.finding = tenantFinding(facts)
	return c
}

// standIn is a server where there is none to speak of: that of a single tenant, which the operator would make, or one that
// cannot be used.
func standIn(t *v1alpha1.SCIMTenant) *v1alpha1.SCIMServer {
	namespace, name := t.ServerKey()
	s := &v1alpha1.SCIMServer{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	s.Spec.AllowedTenants.Namespaces.From = v1alpha1.NamespacesFromAll
	return s
}

// labels of a namespace; an API server adds its name.
func (p *pass) labels(namespace string) map[string]string {
	out := map[string]string{"kubernetes.io/metadata.name": namespace}
	maps.Copy(out, p.objects.Namespaces[namespace])
	return out
}

// tell logs what was found, once.
func (p *pass) tell(kind, key string, f compile.Finding) {
	p.diary.finding(kind, key, f, func() string { return p.objects.Place(kind, key, fieldOf(f.Message)) })
}

func (p *pass) judgeTheRest() {
	for _, key := range slices.Sorted(maps.Keys(p.objects.Applications)) {
		p.tell(v1alpha1.KindSCIMApplication, key, compile.ApplicationFinding(p.objects.Applications[key]))
	}
	for _, key := range slices.Sorted(maps.Keys(p.objects.Mappings)) {
		p.tell(v1alpha1.KindSCIMMapping, key, compile.MappingFinding(p.objects.Mappings[key]))
	}
}

// maxMessages of one object's finding: more of them help nobody.
const maxMessages = 5

// refused is the finding about what an API server would have refused.
func refused(list field.ErrorList) compile.Finding {
	if len(list) == 0 {
		return compile.Finding{}
	}
	var texts []string
	for _, err := range list[:min(len(list), maxMessages)] {
		texts = append(texts, err.Error())
	}
	return compile.Finding{Reason: v1alpha1.ReasonInvalid, Message: strings.Join(texts, "; ")}
}

// serverFinding passes over what a process without a cluster does not need, such as certificates and hosts of Ingresses.
func serverFinding(s *v1alpha1.SCIMServer) compile.Finding {
	if f := refused(admission.Server(s)); !f.OK() {
		return f
	}
	return compile.ServerFinding(compile.ServerFacts{Server: s, BaseURL: cmp.Or(s.Spec.Endpoint.BaseURL, "http://localhost")})
}

func tenantFinding(facts compile.TenantFacts) compile.Finding {
	if f := refused(admission.Tenant(facts.Tenant)); !f.OK() {
		return f
	}
	if f := compile.Tenant(facts); !f.OK() || len(facts.Tenant.Spec.SchemaExtensions) == 0 {
		return f
	}
	entry, err := compile.Entry(facts.Tenant, nil)
	if err == nil {
		_, err = schema.New(entry.SchemaOptions())
	}
	if err != nil {
		return compile.Finding{Reason: v1alpha1.ReasonInvalid, Message: fmt.Sprintf("spec.schemaExtensions: %v", err)}
	}
	return compile.Finding{}
}

var fieldForm = regexp.MustCompile(`^(spec|metadata)(\.[A-Za-z]+|\[[0-9]+\])+`)

// fieldOf is the field with which a message begins, "" if it begins with none.
func fieldOf(message string) string { return fieldForm.FindString(message) }
