package admission

import (
	"net/netip"
	"regexp"
	"slices"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

var (
	serverNameForm = regexp.MustCompile(`^[a-z]([-a-z0-9]*[a-z0-9])?$`)
	baseURLForm    = regexp.MustCompile(`^https?://([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|[[][0-9a-fA-F:.]+[]])(:[0-9]{1,5})?(/[A-Za-z0-9][A-Za-z0-9._~-]*)*$`)
	minVolume      = resource.MustParse("16Mi")
)

// Server lists what is wrong with a server to which Default was applied, save for what it says about pods, Ingress,
// Gateway and the like.
func Server(s *v1alpha1.SCIMServer) field.ErrorList {
	e, spec := &errs{}, field.NewPath("spec")
	e.check(serverNameForm.MatchString(s.Name) && len(s.Name) <= maxNameLength, field.NewPath("metadata", "name"), s.Name,
		"the name of a SCIMServer names its Service and its pods: at most 52 lower case letters, digits and '-', beginning with a letter "+
			"and ending with a letter or digit")
	within(e, s.Spec.Replicas, spec.Child("replicas"), 0, 50, "must be 0 to 50")
	e.whole(s.Spec.Replicas == nil || *s.Spec.Replicas <= 1 || s.Spec.Storage.Postgres != nil, spec.Child("replicas"),
		"more than one replica needs storage.postgres; set replicas to 1, or keep the data in PostgreSQL")
	e.storage(s.Spec.Storage, spec.Child("storage"))
	if s.Spec.Endpoint.BaseURL != "" {
		e.length(s.Spec.Endpoint.BaseURL, spec.Child("endpoint", "baseURL"), 1024)
		e.matches(baseURLForm, s.Spec.Endpoint.BaseURL, spec.Child("endpoint", "baseURL"), "baseURL is http:// or https://, a host and perhaps a path, "+
			"without a trailing slash, query or fragment, as in https://scim.example.com")
	}
	e.allowed(s.Spec.AllowedTenants.Namespaces, spec.Child("allowedTenants", "namespaces"))
	e.networks(s.Spec.Webhooks.AllowedNetworks, spec.Child("webhooks", "allowedNetworks"))
	oneOf(e, s.Spec.NetworkPolicy, spec.Child("networkPolicy"), v1alpha1.Enabled, v1alpha1.Disabled)
	oneOf(e, s.Spec.Monitoring.ServiceMonitor, spec.Child("monitoring", "serviceMonitor"), v1alpha1.Enabled, v1alpha1.Disabled)
	return e.list
}

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

func (e *errs) networks(list []v1alpha1.Network, at *field.Path) {
	e.items(len(list), at, 32)
	seen := map[string]bool{}
	for i, n := range list {
		at := at.Index(i)
		p, err := netip.ParsePrefix(string(n))
		e.check(err == nil && !p.Addr().Is4In6(), at, string(n), "a network is an address and the length of its prefix, as in 10.20.0.0/16 or fd00::/8")
		own := err == nil && slices.ContainsFunc(loopback, p.Overlaps)
		e.check(!own, at, string(n), "webhooks cannot be sent to the server's own pod; name networks without loopback addresses")
		e.once(seen, string(n), at)
	}
}

func (e *errs) storage(s v1alpha1.ServerStorage, at *field.Path) {
	e.whole((s.SQLite != nil) != (s.Postgres != nil), at, "set exactly one of sqlite and postgres")
	if s.SQLite != nil {
		e.check(s.SQLite.Size.Cmp(minVolume) >= 0, at.Child("sqlite", "size"), s.SQLite.Size.String(), "size is at least 16Mi")
	}
}

func (e *errs) allowed(n v1alpha1.TenantNamespaces, at *field.Path) {
	oneOf(e, n.From, at.Child("from"), v1alpha1.NamespacesFromSame, v1alpha1.NamespacesFromAll, v1alpha1.NamespacesFromSelector)
	e.whole(n.From != v1alpha1.NamespacesFromSelector || n.Selector != nil, at.Child("selector"),
		"from: Selector needs a selector; an empty one, {}, selects every namespace")
	e.whole(n.Selector == nil || n.From == v1alpha1.NamespacesFromSelector, at.Child("selector"),
		"selector is used only with from: Selector; set from: Selector, or remove selector")
}
