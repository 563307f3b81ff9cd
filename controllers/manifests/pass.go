package manifests

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/controllers/credentials"
	"github.com/scim-operator/scim-operator/controllers/manifests/folder"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// serverName is what the configuration is called; it is made of the tenants of all servers.
const serverName = "local/manifests"

// pass is one way from the folder to the configuration.
type pass struct {
	*Source
	objects  *folder.Objects
	servers  map[string]compile.Finding
	mappings map[string]compile.Finding
	base     string // base URL

	applications map[string]*compile.Application
	candidates   []*candidate
	now          time.Time
	next         time.Time // when the configuration changes by itself; zero: never
}

// candidate is a tenant, and what was found on the way.
type candidate struct {
	tenant  *v1alpha1.SCIMTenant
	server  *v1alpha1.SCIMServer // nil: there is none
	brought string               // token of the admin
	token   compile.Finding      // about that
	finding compile.Finding
	facts   *credentials.Facts

	references compile.References
}

func (p *pass) run() (err error) {
	if p.objects, err = folder.Read(p.Dir); err != nil {
		return err
	}
	p.state.purged(p.notice.takePurged())
	gone, next := p.state.settle(p.objects.Tenants, p.now, p.timing.grace)
	p.next = next
	p.forget(gone)
	p.judgeServers()
	if p.base, err = p.baseURL(); err != nil {
		return err
	}
	p.judgeApplications()
	p.judgeMappings()
	p.judgeTenants()
	p.issueAll()
	p.issueFeeds()
	return p.configure()
}

// forget removes what is left of tenants besides their data.
func (p *pass) forget(gone []string) {
	for _, key := range gone {
		if err := p.vault.remove(key); err != nil {
			p.Log.Error("credentials of a deleted tenant are left", "tenant", key, "error", err)
		}
		p.Log.Info("tenant is deleted", "tenant", key)
	}
}

// baseURL is what identity providers see: there is one, because there is one process.
func (p *pass) baseURL() (string, error) {
	if p.BaseURL != "" {
		return p.BaseURL, nil
	}
	found, of := "", ""
	for _, key := range slices.Sorted(maps.Keys(p.objects.Servers)) {
		url := p.objects.Servers[key].Spec.Endpoint.BaseURL
		switch {
		case url == "" || url == found:
		case !p.servers[key].OK() && p.state.config != nil:
			return p.state.config.BaseURL, nil
		case !p.servers[key].OK():
		case found != "":
			return "", fmt.Errorf("%s: SCIMServer %s and SCIMServer %s name different base URLs, and this process has one; choose it with --base-url",
				p.objects.Place(v1alpha1.KindSCIMServer, key, "spec.endpoint.baseURL"), key, of)
		default:
			found, of = url, key
		}
	}
	return cmp.Or(found, p.local), nil
}

// configure makes the configuration and offers it, if it is another one.
func (p *pass) configure() error {
	next := p.compile()
	hash := next.Hash()
	p.notice.expect(p.announcements(next))
	if hash == p.offered {
		return nil
	}
	data, err := config.Encode(next)
	if err == nil {
		err = p.offer(data)
	}
	if err != nil {
		return fmt.Errorf("the configuration was refused: %w", err)
	}
	p.state.config, p.offered = next, hash
	return nil
}

// compile puts the tenants of all servers together.
func (p *pass) compile() *config.Server {
	out := &config.Server{
		Version: config.Version, Name: serverName, BaseURL: p.base, Purges: slices.Clone(p.state.purges), AllowedNetworks: p.allowedNetworks(),
	}
	for _, in := range p.inputs() {
		result := compile.Server(*in)
		out.Tenants = append(out.Tenants, result.Config.Tenants...)
		p.next = earlier(p.next, result.Next)
		if err := errors.Join(result.Problems...); err != nil {
			p.Log.Error("tenants keep their earlier configuration", "error", err)
		}
	}
	slices.SortFunc(out.Tenants, func(a, b config.Tenant) int { return strings.Compare(a.Key, b.Key) })
	return out
}

// loopback is what webhooks may reach here, and not in a cluster: applications under development run on the same machine.
var loopback = []string{"127.0.0.0/8", "::1/128"}

// allowedNetworks are those of all servers that are in order.
func (p *pass) allowedNetworks() []string {
	out := slices.Clone(loopback)
	for key, s := range p.objects.Servers {
		if f := p.servers[key]; f.OK() {
			for _, n := range s.Spec.Webhooks.AllowedNetworks {
				out = append(out, string(n))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)[:min(len(slices.Compact(out)), config.MaxNetworks)]
}

// inputs are what each server's configuration is made of.
func (p *pass) inputs() map[string]*compile.Input {
	previous := map[string]config.Tenant{}
	if p.state.config != nil {
		for _, t := range p.state.config.Tenants {
			previous[t.Key] = t
		}
	}
	inputs := map[string]*compile.Input{}
	for _, c := range p.candidates {
		key := compile.ServerKey(c.tenant)
		if c.tenant.OwnServer() {
			key = "own " + key
		}
		in := inputs[key]
		if in == nil {
			in = &compile.Input{Server: c.server, BaseURL: p.base, Previous: &config.Server{}, Now: p.now, Applications: p.applications}
			inputs[key] = in
		}
		in.Tenants = append(in.Tenants, compile.Candidate{
			Tenant: c.tenant, NamespaceLabels: p.labels(c.tenant.Namespace), Accepted: c.finding.OK(), Credentials: c.facts,
			References: c.references,
		})
		if entry, ok := previous[compile.Key(c.tenant)]; ok {
			in.Previous.Tenants = append(in.Previous.Tenants, entry)
		}
	}
	return inputs
}
