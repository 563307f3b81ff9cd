package compile_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/controllers/credentials"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func server(change ...func(*v1alpha1.SCIMServer)) *v1alpha1.SCIMServer {
	s := &v1alpha1.SCIMServer{ObjectMeta: metav1.ObjectMeta{Namespace: "scim", Name: "shared"}}
	s.Spec.AllowedTenants.Namespaces.From = v1alpha1.NamespacesFromAll
	for _, c := range change {
		c(s)
	}
	return s
}

func tenant(name string, change ...func(*v1alpha1.SCIMTenant)) *v1alpha1.SCIMTenant {
	t := &v1alpha1.SCIMTenant{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name, UID: types.UID("uid-" + name), Generation: 1,
			Annotations: map[string]string{v1alpha1.AnnotationBoundServer: "scim/shared"}},
		Spec: v1alpha1.SCIMTenantSpec{
			ServerRef:        &v1alpha1.ObjectReference{Namespace: "scim", Name: "shared"},
			IdentityProvider: v1alpha1.IdentityProviderOkta,
			Protocol:         v1alpha1.ProtocolCompatible,
			UniqueIdentifier: v1alpha1.UniqueIdentifierUserName,
			DeletionPolicy:   v1alpha1.DeletionPolicyRetain,
		},
	}
	for _, c := range change {
		c(t)
	}
	return t
}

func deleting(t *v1alpha1.SCIMTenant) {
	at := metav1.NewTime(now)
	t.DeletionTimestamp, t.Finalizers = &at, []string{v1alpha1.Finalizer}
}

func deleteData(t *v1alpha1.SCIMTenant) { t.Spec.DeletionPolicy = v1alpha1.DeletionPolicyDelete }

func token(text string, issued time.Time) *credentials.Facts {
	return &credentials.Facts{TokenID: "id-" + text, Hash: config.HashToken(text), IssuedAt: issued}
}

func accepted(t *v1alpha1.SCIMTenant) compile.Candidate {
	return compile.Candidate{Tenant: t, Accepted: true, Credentials: token(t.Name, now)}
}

func refused(t *v1alpha1.SCIMTenant) compile.Candidate {
	c := accepted(t)
	c.Accepted = false
	return c
}

func run(t *testing.T, in compile.Input) compile.Result {
	t.Helper()
	if in.Server == nil {
		in.Server = server()
	}
	in.BaseURL, in.Now = "https://scim.example.com", now
	r := compile.Server(in)
	if _, err := config.Encode(r.Config); err != nil {
		t.Fatalf("the result is not valid: %v", err)
	}
	return r
}

func keys(s *config.Server) map[string]int64 {
	out := map[string]int64{}
	for _, t := range s.Tenants {
		out[t.Key] = t.Generation
	}
	return out
}

// TestServerEntries: which tenants have an entry, and of which generation.
func TestServerEntries(t *testing.T) {
	t.Parallel()
	before := run(t, compile.Input{Tenants: []compile.Candidate{accepted(tenant("a")), accepted(tenant("b"))}}).Config
	second := func(t *v1alpha1.SCIMTenant) { t.Generation = 2 }
	for name, tc := range map[string]struct {
		in   compile.Input
		want map[string]int64
	}{
		"new":                   {compile.Input{Tenants: []compile.Candidate{accepted(tenant("a"))}}, map[string]int64{"ns/a": 1}},
		"new, not accepted":     {compile.Input{Tenants: []compile.Candidate{refused(tenant("a"))}}, nil},
		"new, no credentials":   {compile.Input{Tenants: []compile.Candidate{{Tenant: tenant("a"), Accepted: true}}}, nil},
		"changed":               {compile.Input{Previous: before, Tenants: []compile.Candidate{accepted(tenant("a", second))}}, map[string]int64{"ns/a": 2}},
		"changed, not accepted": {compile.Input{Previous: before, Tenants: []compile.Candidate{refused(tenant("a", second))}}, map[string]int64{"ns/a": 1}},
		"changed, does not fit": {compile.Input{Previous: before, Frozen: true, Tenants: []compile.Candidate{accepted(tenant("a", second)), accepted(tenant("c"))}}, map[string]int64{"ns/a": 1}},
		"accepted but invalid": {compile.Input{Previous: before, Tenants: []compile.Candidate{accepted(tenant("a", second, func(t *v1alpha1.SCIMTenant) { t.Spec.Protocol = "Loose" }))}},
			map[string]int64{"ns/a": 1}},
		"gone":     {compile.Input{Previous: before, Tenants: []compile.Candidate{accepted(tenant("b"))}}, map[string]int64{"ns/b": 1}},
		"deleting": {compile.Input{Previous: before, Tenants: []compile.Candidate{accepted(tenant("a", deleting))}}, nil},
		"of its name, but another": {compile.Input{Previous: before, Tenants: []compile.Candidate{refused(tenant("a", func(t *v1alpha1.SCIMTenant) { t.UID = "other" }))}},
			nil},
		"namespace no longer allowed": {compile.Input{Previous: before, Tenants: []compile.Candidate{accepted(tenant("a"))},
			Server: server(func(s *v1alpha1.SCIMServer) { s.Spec.AllowedTenants.Namespaces.From = v1alpha1.NamespacesFromSame })}, nil},
		"wants to move, its data are here": {compile.Input{Previous: before, Tenants: []compile.Candidate{
			refused(tenant("a", second, func(t *v1alpha1.SCIMTenant) { t.Spec.ServerRef.Name = "elsewhere" }))}}, map[string]int64{"ns/a": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := run(t, tc.in)
			if diff := cmp.Diff(tc.want, keys(got.Config), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if invalid := name == "accepted but invalid"; (len(got.Problems) > 0) != invalid {
				t.Errorf("problems: %v", got.Problems)
			}
		})
	}
}

func TestServerPurges(t *testing.T) {
	t.Parallel()
	before := func(uids ...string) *config.Server {
		s := run(t, compile.Input{}).Config
		for _, uid := range uids {
			s.Purges = append(s.Purges, config.Purge{Tenant: "ns/a", UID: uid})
		}
		return s
	}
	own := func(t *v1alpha1.SCIMTenant) { t.Spec.ServerRef = nil }
	elsewhere := func(t *v1alpha1.SCIMTenant) { t.Annotations[v1alpha1.AnnotationBoundServer] = "scim/other" }
	for name, tc := range map[string]struct {
		in   compile.Input
		want []string
	}{
		"retained":            {compile.Input{Tenants: []compile.Candidate{accepted(tenant("a", deleting))}}, nil},
		"deleted":             {compile.Input{Tenants: []compile.Candidate{accepted(tenant("a", deleting, deleteData))}}, []string{"uid-a"}},
		"not deleted yet":     {compile.Input{Tenants: []compile.Candidate{accepted(tenant("a", deleteData))}}, nil},
		"own server":          {compile.Input{Tenants: []compile.Candidate{accepted(tenant("a", deleting, deleteData, own))}}, nil},
		"data on another":     {compile.Input{Tenants: []compile.Candidate{accepted(tenant("a", deleting, deleteData, elsewhere))}}, nil},
		"once":                {compile.Input{Previous: before("uid-a"), Tenants: []compile.Candidate{accepted(tenant("a", deleting, deleteData))}}, []string{"uid-a"}},
		"tenant gone":         {compile.Input{Previous: before("uid-a")}, []string{"uid-a"}},
		"done":                {compile.Input{Previous: before("uid-a", "uid-b"), Purged: []string{"uid-a"}}, []string{"uid-b"}},
		"done before tenant":  {compile.Input{Previous: before("uid-a"), Purged: []string{"uid-a"}, Tenants: []compile.Candidate{accepted(tenant("a", deleting, deleteData))}}, []string{"uid-a"}},
		"applied again":       {compile.Input{Previous: before("old"), Tenants: []compile.Candidate{accepted(tenant("a"))}}, []string{"old"}},
		"even though refused": {compile.Input{Tenants: []compile.Candidate{refused(tenant("a", deleting, deleteData))}}, []string{"uid-a"}},
		"even though frozen":  {compile.Input{Frozen: true, Tenants: []compile.Candidate{accepted(tenant("a", deleting, deleteData))}}, []string{"uid-a"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, p := range run(t, tc.in).Config.Purges {
				got = append(got, p.UID)
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("purges %v, want %v", got, tc.want)
			}
		})
	}
}

// TestServerIsStable: the same input gives the same bytes, and the result as input changes nothing.
func TestServerIsStable(t *testing.T) {
	t.Parallel()
	candidates := []compile.Candidate{accepted(tenant("b")), accepted(tenant("a")), accepted(tenant("c", deleting, deleteData)), refused(tenant("d"))}
	first := run(t, compile.Input{Tenants: candidates}).Config
	slices.Reverse(candidates)
	again := run(t, compile.Input{Tenants: candidates, Previous: first}).Config
	if first.Hash() != again.Hash() {
		t.Errorf("(-first +again):\n%s", cmp.Diff(first, again))
	}
}

func TestEntry(t *testing.T) {
	t.Parallel()
	seven := int32(7)
	in := tenant("a", func(t *v1alpha1.SCIMTenant) {
		t.Spec.Suspended = true
		t.Spec.Resources.Groups = v1alpha1.Disabled
		t.Spec.Limits.Users = &seven
		t.Spec.ReadinessGates = []v1alpha1.ReadinessGate{{ConditionType: "example.com/Ready"}}
		t.Spec.SchemaExtensions = []v1alpha1.SchemaExtension{{
			ID: "urn:ietf:params:scim:schemas:extension:acme:2.0:User", Resource: v1alpha1.ExtendUser,
			Attributes: []v1alpha1.SchemaAttribute{
				{SimpleAttribute: v1alpha1.SimpleAttribute{Name: "badge", Type: v1alpha1.AttributeDateTime, Mutability: v1alpha1.MutabilityReadWrite,
					Returned: v1alpha1.ReturnedRequest, Uniqueness: v1alpha1.UniquenessServer, CanonicalValues: []v1alpha1.CanonicalValue{"x"}}},
				{SimpleAttribute: v1alpha1.SimpleAttribute{Name: "desk", Type: v1alpha1.AttributeComplex},
					SubAttributes: []v1alpha1.SimpleAttribute{{Name: "floor", Type: v1alpha1.AttributeInteger}}},
			},
		}}
	})
	got, err := compile.Entry(in, compile.References{}, compile.Tokens{})
	if err != nil {
		t.Fatal(err)
	}
	want := config.Tenant{
		Key: "ns/a", UID: "uid-a", Generation: 1, IdentityProvider: "Okta", Protocol: "Compatible", UniqueIdentifier: "userName",
		Suspended: true, Gated: true,
		Limits: config.Limits{RequestsPerSecond: 50, Burst: 100, Users: 7, Groups: 10000, BodyBytes: 2 << 20, ConcurrentRequests: 10},
		Extensions: []config.Extension{{
			ID: "urn:ietf:params:scim:schemas:extension:acme:2.0:User", Resource: "User",
			Attributes: []config.Attribute{
				{Name: "badge", Type: "dateTime", Mutability: "readWrite", Returned: "request", Uniqueness: "server", CanonicalValues: []string{"x"}},
				{Name: "desk", Type: "complex", SubAttributes: []config.Attribute{{Name: "floor", Type: "integer"}}},
			},
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	in.Status.Conditions = []metav1.Condition{{Type: "example.com/Ready", Status: metav1.ConditionTrue}}
	if got, err = compile.Entry(in, compile.References{}, compile.Tokens{}); err != nil || got.Gated {
		t.Errorf("gate is met: gated %v, %v", got.Gated, err)
	}
}

func TestTenant(t *testing.T) {
	t.Parallel()
	selector := func(s *v1alpha1.SCIMServer) {
		s.Spec.AllowedTenants.Namespaces = v1alpha1.TenantNamespaces{From: v1alpha1.NamespacesFromSelector,
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"scim": "yes"}}}
	}
	broken := func(s *v1alpha1.SCIMServer) {
		selector(s)
		s.Spec.AllowedTenants.Namespaces.Selector.MatchExpressions = []metav1.LabelSelectorRequirement{{Key: "a", Operator: "Near"}}
	}
	same := func(s *v1alpha1.SCIMServer) { s.Spec.AllowedTenants.Namespaces.From = v1alpha1.NamespacesFromSame }
	own := func(t *v1alpha1.SCIMTenant) { t.Spec.ServerRef = nil }
	for name, tc := range map[string]struct {
		facts  compile.TenantFacts
		reason v1alpha1.ConditionReason
		text   string
	}{
		"accepted":             {compile.TenantFacts{Tenant: tenant("a"), Server: server(), BoundTo: "scim/shared"}, "", ""},
		"data out of reach":    {compile.TenantFacts{Tenant: tenant("a"), Server: server(), BoundTo: "scim/other", OutOfReach: true}, v1alpha1.ReasonNotImplemented, "set spec.serverRef back to scim/other"},
		"own server to come":   {compile.TenantFacts{Tenant: tenant("a", own)}, "", ""},
		"no server":            {compile.TenantFacts{Tenant: tenant("a")}, v1alpha1.ReasonServerNotFound, "no SCIMServer scim/shared"},
		"same namespace":       {compile.TenantFacts{Tenant: tenant("a", func(t *v1alpha1.SCIMTenant) { t.Namespace = "scim" }), Server: server(same)}, "", ""},
		"other namespace":      {compile.TenantFacts{Tenant: tenant("a"), Server: server(same)}, v1alpha1.ReasonNotAllowedByServer, "does not allow tenants of namespace ns"},
		"selected":             {compile.TenantFacts{Tenant: tenant("a"), Server: server(selector), NamespaceLabels: map[string]string{"scim": "yes"}}, "", ""},
		"not selected":         {compile.TenantFacts{Tenant: tenant("a"), Server: server(selector)}, v1alpha1.ReasonNotAllowedByServer, "namespace ns"},
		"selector is invalid":  {compile.TenantFacts{Tenant: tenant("a"), Server: server(broken), NamespaceLabels: map[string]string{"scim": "yes"}}, v1alpha1.ReasonNotAllowedByServer, "selector"},
		"not allowed, invalid": {compile.TenantFacts{Tenant: tenant("a", func(t *v1alpha1.SCIMTenant) { t.Spec.Protocol = "x" }), Server: server(same)}, v1alpha1.ReasonNotAllowedByServer, ""},
		"name taken":           {compile.TenantFacts{Tenant: tenant("a", own), Taken: "SCIMServer ns/a exists already"}, v1alpha1.ReasonConflict, "name a SCIMServer in spec.serverRef"},
		"claims": {compile.TenantFacts{Tenant: tenant("a", signed(false), func(t *v1alpha1.SCIMTenant) { t.Spec.Auth.JWT[1].Claims = "claims.azp ==" }), Server: server()},
			v1alpha1.ReasonInvalid, "spec.auth.jwt[1].claims"},
		"claims, good": {compile.TenantFacts{Tenant: tenant("a", signed(false), func(t *v1alpha1.SCIMTenant) { t.Spec.Auth.JWT[1].Claims = `claims.azp == "x"` }), Server: server()},
			"", ""},
		"token": {compile.TenantFacts{Tenant: tenant("a"), Server: server(), Credentials: compile.Finding{Reason: v1alpha1.ReasonInvalidSecret, Message: "bad"}},
			v1alpha1.ReasonInvalidSecret, "bad"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := compile.Tenant(tc.facts)
			if got.Reason != tc.reason || !strings.Contains(got.Message, tc.text) {
				t.Errorf("got %q %q, want %q %q", got.Reason, got.Message, tc.reason, tc.text)
			}
		})
	}
}

func TestBaseURL(t *testing.T) {
	t.Parallel()
	endpoint := func(e v1alpha1.ServerEndpoint) *v1alpha1.SCIMServer {
		return server(func(s *v1alpha1.SCIMServer) { s.Spec.Endpoint = e })
	}
	wild := &v1alpha1.ServerGateway{Hostnames: []v1alpha1.Hostname{"*.example.com", "g.example.com"}}
	for want, tc := range map[string]struct {
		s        *v1alpha1.SCIMServer
		fallback string
	}{
		"https://b.example.com/scim":     {endpoint(v1alpha1.ServerEndpoint{BaseURL: "https://b.example.com/scim", Ingress: &v1alpha1.ServerIngress{Host: "i"}}), "http://x"},
		"https://i.example.com":          {endpoint(v1alpha1.ServerEndpoint{Ingress: &v1alpha1.ServerIngress{Host: "i.example.com"}, Gateway: wild}), "http://x"},
		"https://g.example.com":          {endpoint(v1alpha1.ServerEndpoint{Gateway: wild}), "http://x"},
		"https://f.example.com":          {endpoint(v1alpha1.ServerEndpoint{}), "https://f.example.com/"},
		"http://shared.scim.svc:8080":    {endpoint(v1alpha1.ServerEndpoint{}), ""},
		"https://shared.scim.svc:8080":   {endpoint(v1alpha1.ServerEndpoint{TLS: &v1alpha1.ServerTLS{SecretName: "t"}}), ""},
		"https://f.example.com/with/tls": {endpoint(v1alpha1.ServerEndpoint{TLS: &v1alpha1.ServerTLS{SecretName: "t"}}), "https://f.example.com/with/tls"},
	} {
		if got := compile.BaseURL(tc.s, tc.fallback); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := compile.TenantURL("https://x", tenant("a")); got != "https://x/ns/a/scim/v2" {
		t.Errorf("tenant's URL %s", got)
	}
}

// TestUnwatched: an operator that watches fewer namespaces than before takes nobody's tenant away.
func TestUnwatched(t *testing.T) {
	t.Parallel()
	elsewhere := tenant("b", func(t *v1alpha1.SCIMTenant) { t.Namespace = "elsewhere" })
	before := run(t, compile.Input{Tenants: []compile.Candidate{accepted(tenant("a")), accepted(tenant("gone")), accepted(elsewhere)}})
	for name, tc := range map[string]struct {
		watched func(string) bool
		want    []string
	}{
		"all":  {nil, []string{"ns/a"}},
		"some": {func(namespace string) bool { return namespace == "ns" }, []string{"elsewhere/b", "ns/a"}},
	} {
		after := run(t, compile.Input{Tenants: []compile.Candidate{accepted(tenant("a"))}, Previous: before.Config, Watched: tc.watched})
		var keys []string
		for _, entry := range after.Config.Tenants {
			keys = append(keys, entry.Key)
		}
		if d := cmp.Diff(tc.want, keys); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}
