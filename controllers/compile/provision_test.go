package compile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/controllers/credentials"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

const signingKey = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"

func inventory(change ...func(*v1alpha1.SCIMApplication)) *compile.Application {
	o := &v1alpha1.SCIMApplication{ObjectMeta: metav1.ObjectMeta{Namespace: "apps", Name: "inventory"}}
	o.Spec = v1alpha1.SCIMApplicationSpec{
		DisplayName:  "Inventory",
		MemberFields: []v1alpha1.MemberField{{Name: "email", Required: true, Unique: true}, {Name: "badge", Type: v1alpha1.MemberFieldInteger}},
		Roles:        []v1alpha1.Role{{Name: "Admin"}, {Name: "Viewer"}},
		Actions:      []v1alpha1.Action{{Name: "ChangePolicy", Parameters: []v1alpha1.ActionParameter{{Name: "policy", Required: true}, {Name: "note"}}}},
		Delivery:     &v1alpha1.Delivery{Webhook: &v1alpha1.Webhook{URL: "https://app.example.com/scim", SecretRef: v1alpha1.LocalReference{Name: "hook"}}},
	}
	o.Spec.AllowedTenants.Namespaces.From = v1alpha1.NamespacesFromAll
	for _, c := range change {
		c(o)
	}
	return &compile.Application{Object: o, SigningKeys: []string{signingKey}, Feed: token("feed", now)}
}

func layer(name string, spec v1alpha1.SCIMMappingSpec) *v1alpha1.SCIMMapping {
	return &v1alpha1.SCIMMapping{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name}, Spec: spec}
}

// references has two layers: acme overrides a part of base.
func references(change ...func(*v1alpha1.SCIMApplication)) compile.References {
	return compile.References{
		Application: inventory(change...), Rules: &compile.Rules{},
		Mappings: map[string]*v1alpha1.SCIMMapping{
			"base": layer("base", v1alpha1.SCIMMappingSpec{
				Attributes: []v1alpha1.AttributeRule{{Field: "email", From: `emails[type eq "work"].value`}, {Field: "badge", From: "title", Default: new("0")}},
				Role: &v1alpha1.RoleRule{From: "userType", Values: map[string]v1alpha1.RoleName{"IT": "Admin"},
					Groups: []v1alpha1.GroupRole{{DisplayName: "Admins", Role: "Admin"}}, Default: "Viewer"},
			}),
			"acme": layer("acme", v1alpha1.SCIMMappingSpec{
				Attributes: []v1alpha1.AttributeRule{{Field: "email", Expression: "user.userName"}},
				Role:       &v1alpha1.RoleRule{Unknown: v1alpha1.UnknownRoleReject, Groups: []v1alpha1.GroupRole{}},
			}),
		},
	}
}

func provisions(t *v1alpha1.SCIMTenant) {
	t.Spec.ApplicationRef = &v1alpha1.ObjectReference{Namespace: "apps", Name: "inventory"}
	t.Spec.MappingRefs = []v1alpha1.LocalReference{{Name: "base"}, {Name: "acme"}}
}

func policies(l v1alpha1.Lifecycle) func(*v1alpha1.SCIMTenant) {
	return func(t *v1alpha1.SCIMTenant) { t.Spec.Lifecycle = &l }
}

func TestProvisioningEntry(t *testing.T) {
	t.Parallel()
	in := tenant("a", provisions, policies(v1alpha1.Lifecycle{
		OnCreate:     &v1alpha1.CreatePolicy{Role: "Viewer"},
		OnDeactivate: &v1alpha1.OffboardingPolicy{Action: "ChangePolicy", Parameters: map[string]v1alpha1.ParameterValue{"policy": "leaver"}, WhenRefused: v1alpha1.RefusalHold},
		Brake:        &v1alpha1.Brake{MaxOffboardings: 20, Per: metav1.Duration{Duration: time.Hour}},
	}), func(t *v1alpha1.SCIMTenant) { t.Annotations[v1alpha1.AnnotationReleaseBrake] = "monday" })
	got, err := compile.Entry(in, references(), compile.Tokens{Feed: []config.Token{{ID: "f", SHA256: config.HashToken("f")}}})
	if err != nil {
		t.Fatal(err)
	}
	application := &config.Application{
		Name: "apps/inventory", DisplayName: "Inventory", Roles: []string{"Admin", "Viewer"},
		Fields:     []config.Field{{Name: "email", Type: "String", Required: true, Unique: true}, {Name: "badge", Type: "Integer"}},
		Actions:    []config.Action{{Name: "ChangePolicy", Parameters: []config.Parameter{{Name: "policy", Required: true}, {Name: "note"}}}},
		Webhook:    &config.Webhook{URL: "https://app.example.com/scim", Mode: "Asynchronous", Format: "StandardWebhooks", SigningKeys: []string{signingKey}, TimeoutSeconds: 5},
		FeedTokens: []config.Token{{ID: "f", SHA256: config.HashToken("f")}},
	}
	mapping := &config.Mapping{
		Attributes: []config.AttributeRule{{Field: "email", Expression: "user.userName"}, {Field: "badge", From: "title", Default: new("0")}},
		Role: &config.RoleRule{From: "userType", Values: map[string]string{"IT": "Admin"}, Groups: []config.GroupRole{},
			Order: "GroupsFirst", Default: "Viewer", Unknown: "Reject", Assign: "Always"},
	}
	lifecycle := config.Lifecycle{
		OnCreate:     config.CreatePolicy{Action: "Create", Role: "Viewer"},
		OnDeactivate: config.Offboarding{Action: "ChangePolicy", Parameters: map[string]string{"policy": "leaver"}, WhenRefused: "Hold"},
		OnDelete:     config.Offboarding{Action: "Remove", WhenRefused: "Reject"}, ExistingMember: "Reject",
		Brake: &config.Brake{Max: 20, Per: time.Hour}, BrakeRelease: "=monday",
	}
	for what, pair := range map[string][2]any{
		"application": {application, got.Application}, "mapping": {mapping, got.Mapping}, "lifecycle": {lifecycle, got.Lifecycle},
	} {
		if diff := cmp.Diff(pair[0], pair[1]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	plain, err := compile.Entry(in, references(), compile.Tokens{})
	if err != nil || !compile.Same(plain, got) || plain.Hash() == got.Hash() {
		t.Errorf("without tokens: %v", err)
	}
	in.Annotations[v1alpha1.AnnotationReleaseBrake] = strings.Repeat("x", 100_000)
	if got, err = compile.Entry(in, references(), compile.Tokens{}); err != nil || len(got.Lifecycle.BrakeRelease) > 100 || compile.Same(plain, got) {
		t.Errorf("a long value: %d bytes, %v", len(got.Lifecycle.BrakeRelease), err)
	}
}

// TestProvisioningRefused: what is wrong, and what to do.
func TestProvisioningRefused(t *testing.T) {
	t.Parallel()
	off := func(action string, parameters map[string]v1alpha1.ParameterValue) func(*v1alpha1.SCIMTenant) {
		return policies(v1alpha1.Lifecycle{OnDelete: &v1alpha1.OffboardingPolicy{Action: action, Parameters: parameters}})
	}
	back := func(action string, parameters map[string]v1alpha1.ParameterValue) func(*v1alpha1.SCIMTenant) {
		return policies(v1alpha1.Lifecycle{OnReactivate: &v1alpha1.ReactivationPolicy{Action: action, Parameters: parameters}})
	}
	with := func(change func(*compile.References)) compile.References {
		refs := references()
		change(&refs)
		return refs
	}
	rule := func(mapping string, i int, change func(*v1alpha1.AttributeRule)) compile.References {
		return with(func(r *compile.References) { change(&r.Mappings[mapping].Spec.Attributes[i]) })
	}
	none := func(*v1alpha1.SCIMTenant) {}
	for name, tc := range map[string]struct {
		refs   compile.References
		change func(*v1alpha1.SCIMTenant)
		reason v1alpha1.ConditionReason
		text   string
	}{
		"sound":          {references(), none, "", ""},
		"no application": {with(func(r *compile.References) { r.Application = nil }), none, v1alpha1.ReasonApplicationNotFound, "there is no SCIMApplication apps/inventory; create it"},
		"no mapping":     {with(func(r *compile.References) { delete(r.Mappings, "acme") }), none, v1alpha1.ReasonMappingNotFound, "spec.mappingRefs[1]: there is no SCIMMapping acme in namespace ns"},
		"not allowed": {references(func(a *v1alpha1.SCIMApplication) { a.Spec.AllowedTenants.Namespaces.From = v1alpha1.NamespacesFromSame }), none,
			v1alpha1.ReasonNotAllowedByApplication, "SCIMApplication apps/inventory does not allow tenants of namespace ns"},
		"application not accepted": {with(func(r *compile.References) {
			r.Application.Finding = compile.Finding{Reason: v1alpha1.ReasonInvalidSecret, Message: "bad key"}
		}), none, v1alpha1.ReasonInvalidSecret, "SCIMApplication apps/inventory is not accepted: bad key"},
		"not allowed comes first": {with(func(r *compile.References) {
			r.Application.Object.Spec.AllowedTenants.Namespaces.From = v1alpha1.NamespacesFromSame
			r.Application.Finding = compile.Finding{Reason: v1alpha1.ReasonInvalidSecret, Message: "bad key"}
		}), none, v1alpha1.ReasonNotAllowedByApplication, ""},
		"field": {rule("base", 1, func(r *v1alpha1.AttributeRule) { r.Field = "batch" }), none,
			v1alpha1.ReasonInvalid, "SCIMMapping base: spec.attributes[1].field: application apps/inventory has no field"},
		"overridden": {rule("base", 0, func(r *v1alpha1.AttributeRule) { r.From = "mail" }), none, "", ""},
		"expression": {rule("acme", 0, func(r *v1alpha1.AttributeRule) { r.Expression = "user.nick" }), none,
			v1alpha1.ReasonInvalid, "SCIMMapping acme: spec.attributes[0].expression, column "},
		"required": {with(func(r *compile.References) {
			r.Mappings["base"].Spec.Attributes, r.Mappings["acme"].Spec.Attributes = nil, nil
		}), none,
			v1alpha1.ReasonInvalid, "spec.mappingRefs: application apps/inventory requires the field"},
		"role": {with(func(r *compile.References) { r.Mappings["base"].Spec.Role.Default = "Owner" }), none,
			v1alpha1.ReasonInvalid, "SCIMMapping base: spec.role.default"},
		"create role":       {references(), policies(v1alpha1.Lifecycle{OnCreate: &v1alpha1.CreatePolicy{Role: "viewer"}}), v1alpha1.ReasonInvalid, `has no role "viewer"; write Viewer`},
		"action":            {references(), off("Archive", nil), v1alpha1.ReasonInvalid, "spec.lifecycle.onDelete.action: SCIMApplication apps/inventory has no action Archive; its actions are Deactivate, Remove, None, ChangePolicy"},
		"missing parameter": {references(), off("ChangePolicy", nil), v1alpha1.ReasonInvalid, "spec.lifecycle.onDelete.parameters: action ChangePolicy needs the parameter policy"},
		"empty parameter":   {references(), off("ChangePolicy", map[string]v1alpha1.ParameterValue{"policy": ""}), v1alpha1.ReasonInvalid, "needs the parameter policy"},
		"unknown parameter": {references(), off("ChangePolicy", map[string]v1alpha1.ParameterValue{"policy": "a", "Note": "b"}), v1alpha1.ReasonInvalid, "has no parameter Note; write note"},
		"action on return": {references(), back("Archive", nil), v1alpha1.ReasonInvalid,
			"spec.lifecycle.onReactivate.action: SCIMApplication apps/inventory has no action Archive; its actions are Reactivate, None, ChangePolicy"},
		"parameter on return": {references(), back("ChangePolicy", nil), v1alpha1.ReasonInvalid, "spec.lifecycle.onReactivate.parameters: action ChangePolicy needs the parameter policy"},
		"sound return":        {references(), back("ChangePolicy", map[string]v1alpha1.ParameterValue{"policy": "a"}), "", ""},
		"unused application":  {references(), func(t *v1alpha1.SCIMTenant) { t.Spec.ApplicationRef, t.Spec.MappingRefs = nil, nil }, "", ""},
		"mappings alone":      {references(), func(t *v1alpha1.SCIMTenant) { t.Spec.ApplicationRef = nil }, v1alpha1.ReasonInvalid, "spec.mappingRefs need spec.applicationRef"},
		"lifecycle alone": {references(), func(t *v1alpha1.SCIMTenant) {
			t.Spec.ApplicationRef, t.Spec.MappingRefs = nil, nil
			off("Remove", nil)(t)
		}, v1alpha1.ReasonInvalid, "spec.lifecycle needs"},
		"extension of a rule": {rule("base", 1, func(r *v1alpha1.AttributeRule) { r.From = "urn:acme:2.0:User:badge" }), none, v1alpha1.ReasonInvalid, "SCIMMapping base: spec.attributes[1].from"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := tenant("a", provisions, tc.change)
			got := compile.Tenant(compile.TenantFacts{Tenant: in, Server: server(), References: tc.refs})
			if got.Reason != tc.reason || !strings.Contains(got.Message, tc.text) {
				t.Errorf("got %q %q, want %q %q", got.Reason, got.Message, tc.reason, tc.text)
			}
			if again := compile.Tenant(compile.TenantFacts{Tenant: in, Server: server(), References: tc.refs}); again != got {
				t.Errorf("the second time %+v", again)
			}
		})
	}
}

// TestProvisioningServer: which entry and which tokens remain of what was.
func TestProvisioningServer(t *testing.T) {
	t.Parallel()
	candidate := func(accepted bool, refs compile.References, change ...func(*v1alpha1.SCIMTenant)) compile.Candidate {
		return compile.Candidate{Tenant: tenant("a", append([]func(*v1alpha1.SCIMTenant){provisions}, change...)...), Accepted: accepted,
			Credentials: token("a", now), References: refs}
	}
	apps := func(a *compile.Application) map[string]*compile.Application {
		return map[string]*compile.Application{"apps/inventory": a}
	}
	input := func(c compile.Candidate, previous *config.Server) compile.Input {
		return compile.Input{Tenants: []compile.Candidate{c}, Previous: previous, Applications: apps(c.References.Application)}
	}
	before := run(t, input(candidate(true, references()), nil)).Config
	rotated := func(overlap time.Duration) compile.References {
		refs := references(func(a *v1alpha1.SCIMApplication) {
			a.Spec.Feed = &v1alpha1.Feed{Rotation: &v1alpha1.TokenRotation{Every: metav1.Duration{Duration: 24 * time.Hour}, Overlap: metav1.Duration{Duration: overlap}}}
		})
		refs.Application.Feed = &credentials.Facts{TokenID: "id-next", Hash: config.HashToken("next"), IssuedAt: now}
		return refs
	}
	lost := references()
	lost.Application = nil
	withdrawn := references(func(a *v1alpha1.SCIMApplication) { a.Spec.AllowedTenants.Namespaces.From = v1alpha1.NamespacesFromSame })
	invalid := references()
	invalid.Application.Finding = compile.Finding{Reason: v1alpha1.ReasonSecretNotFound, Message: "no Secret"}
	release := func(t *v1alpha1.SCIMTenant) { t.Annotations[v1alpha1.AnnotationReleaseBrake] = "now" }
	elsewhere := func(t *v1alpha1.SCIMTenant) { t.Spec.ApplicationRef.Name = "other" }
	for name, tc := range map[string]struct {
		in      compile.Input
		entry   bool
		feed    []string // IDs of tokens
		release string
	}{
		"first":                     {input(candidate(true, references()), nil), true, []string{"id-feed"}, ""},
		"application gone":          {input(candidate(false, lost), before), true, []string{"id-feed"}, ""},
		"application gone, stale":   {input(candidate(true, lost), before), true, []string{"id-feed"}, ""},
		"application invalid":       {input(candidate(true, invalid), before), true, []string{"id-feed"}, ""},
		"permission withdrawn":      {input(candidate(false, withdrawn), before), false, nil, ""},
		"withdrawn, stale":          {input(candidate(true, withdrawn), before), false, nil, ""},
		"rotated":                   {input(candidate(true, rotated(0)), before), true, []string{"id-next"}, ""},
		"rotated with overlap":      {input(candidate(true, rotated(time.Hour)), before), true, []string{"id-next", "id-feed"}, ""},
		"rotated, tenant refused":   {input(candidate(false, rotated(0)), before), true, []string{"id-next"}, ""},
		"released":                  {input(candidate(true, references(), release), before), true, []string{"id-feed"}, "=now"},
		"released, tenant refused":  {input(candidate(false, lost, release), before), true, []string{"id-feed"}, "=now"},
		"fled, permission withdrew": {compile.Input{Tenants: []compile.Candidate{candidate(false, lost, elsewhere)}, Previous: before, Applications: apps(withdrawn.Application)}, false, nil, ""},
		"fled":                      {compile.Input{Tenants: []compile.Candidate{candidate(false, lost, elsewhere)}, Previous: before, Applications: apps(references().Application)}, true, []string{"id-feed"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := run(t, tc.in).Config
			if len(got.Tenants) == 1 != tc.entry {
				t.Fatalf("entries: %+v", got.Tenants)
			}
			if !tc.entry {
				return
			}
			var feed []string
			for _, token := range got.Tenants[0].Application.FeedTokens {
				feed = append(feed, token.ID)
			}
			if diff := cmp.Diff(tc.feed, feed); diff != "" {
				t.Errorf("tokens of the feed (-want +got):\n%s", diff)
			}
			if got := got.Tenants[0].Lifecycle.BrakeRelease; got != tc.release {
				t.Errorf("release %q, want %q", got, tc.release)
			}
			if diff := cmp.Diff([]string{"id-feed"}, []string{before.Tenants[0].Application.FeedTokens[0].ID}); diff != "" {
				t.Error("the earlier configuration was changed")
			}
		})
	}
	networks := server(func(s *v1alpha1.SCIMServer) { s.Spec.Webhooks.AllowedNetworks = []v1alpha1.Network{"169.254.10.0/24"} })
	if got := run(t, compile.Input{Server: networks}).Config.AllowedNetworks; len(got) != 1 || got[0] != "169.254.10.0/24" {
		t.Errorf("networks %v", got)
	}
}
