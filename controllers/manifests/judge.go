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
	c.references = p.references(t)
	facts := compile.TenantFacts{
		Tenant: t, Server: c.server, NamespaceLabels: p.labels(t.Namespace), Credentials: c.token, References: c.references,
	}
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
	if c.finding = tenantFinding(facts); c.finding.OK() {
		c.finding = p.mappingFinding(t)
	}
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

func (p *pass) judgeApplications() {
	p.applications = map[string]*compile.Application{}
	for _, key := range slices.Sorted(maps.Keys(p.objects.Applications)) {
		o := p.objects.Applications[key]
		a := &compile.Application{Object: o}
		a.SigningKeys, a.Finding = p.signingKeys(o)
		for _, f := range []compile.Finding{compile.ApplicationFinding(o), refused(admission.Application(o))} {
			if !f.OK() {
				a.Finding = f
			}
		}
		p.applications[key] = a
		p.tell(v1alpha1.KindSCIMApplication, key, a.Finding)
	}
}

// signingKeys are those of an application's webhook.
func (p *pass) signingKeys(o *v1alpha1.SCIMApplication) ([]string, compile.Finding) {
	name := compile.WebhookSecret(o)
	if name == "" {
		return nil, compile.Finding{}
	}
	secret, ok := p.objects.Secrets[o.Namespace+"/"+name]
	if !ok {
		return nil, compile.WebhookSecretMissing(o)
	}
	return compile.SigningKeys(o, secret.Data)
}

func (p *pass) judgeMappings() {
	p.mappings = map[string]compile.Finding{}
	for _, key := range slices.Sorted(maps.Keys(p.objects.Mappings)) {
		f := refused(admission.Mapping(p.objects.Mappings[key]))
		if f.OK() {
			f = compile.MappingFinding(p.objects.Mappings[key])
		}
		p.mappings[key] = f
		p.tell(v1alpha1.KindSCIMMapping, key, f)
	}
}

// references are what a tenant refers to.
func (p *pass) references(t *v1alpha1.SCIMTenant) compile.References {
	refs := compile.References{Rules: &p.rules, Application: p.applications[compile.ApplicationKey(t)], Mappings: map[string]*v1alpha1.SCIMMapping{}}
	for _, ref := range t.Spec.MappingRefs {
		if m := p.objects.Mappings[t.Namespace+"/"+ref.Name]; m != nil {
			refs.Mappings[ref.Name] = m
		}
	}
	return refs
}

// mappingFinding is about those mappings of a tenant that an API server would have refused.
func (p *pass) mappingFinding(t *v1alpha1.SCIMTenant) compile.Finding {
	for _, ref := range t.Spec.MappingRefs {
		key := t.Namespace + "/" + ref.Name
		if f := p.mappings[key]; !f.OK() {
			return compile.Finding{Reason: f.Reason, Message: fmt.Sprintf("SCIMMapping %s is not accepted: %s", key, f.Message)}
		}
	}
	return compile.Finding{}
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
// Where the data are, flags say.
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
	return compile.Tenant(facts)
}

var fieldForm = regexp.MustCompile(`^(spec|metadata)(\.[A-Za-z]+|\[[0-9]+\])+`)

// fieldOf is the field with which a message begins, "" if it begins with none.
func fieldOf(message string) string { return fieldForm.FindString(message) }
