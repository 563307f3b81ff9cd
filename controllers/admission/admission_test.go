package admission_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/admission"
)

// passedOver are manifests that the API server refuses for fields that mean nothing without a cluster, or on which nothing
// acts yet.
var passedOver = []string{
	"server-gateway-hostname", "server-gateway-namespace", "server-gateway-wildcard-only", "server-gateway-without-parent",
	"server-image-blank", "server-ingress-host", "server-ingress-without-host", "server-podtemplate-not-an-object", "server-tls-secret-name",
	"server-storage-key",  // of a database: NotImplemented
	"server-storage-none", // sqlite is filled in
}

// TestAsTheAPIServer: the manifests that an API server refuses are refused here, with the same message.
func TestAsTheAPIServer(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../test/crd/invalid/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		tried++
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want, _, _ := strings.Cut(strings.TrimPrefix(string(text), "# want: "), "\n")
			switch got := judge(text); {
			case slices.Contains(passedOver, name):
				if got != "" {
					t.Errorf("is not passed over: %s", got)
				}
			case !says(got, want):
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
	if tried < 110 {
		t.Errorf("%d manifests", tried)
	}
}

// judge returns what is wrong with the manifest, "" if nothing is.
func judge(text []byte) string {
	kind := regexp.MustCompile(`(?m)^kind: (\w+)$`).FindStringSubmatch(string(text))[1]
	switch kind {
	case v1alpha1.KindSCIMServer:
		return judgeAs(text, admission.Server)
	case v1alpha1.KindSCIMApplication:
		return judgeAs(text, admission.Application)
	case v1alpha1.KindSCIMMapping:
		return judgeAs(text, admission.Mapping)
	}
	return judgeAs(text, admission.Tenant)
}

func judgeAs[T any, P interface {
	*T
	Default()
}](text []byte, list func(P) field.ErrorList) string {
	o := P(new(T))
	if err := decode(text, o); err != nil {
		return "decode: " + err.Error()
	}
	o.Default()
	return texts(list(o))
}

func decode(text []byte, into any) error {
	data, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		return err
	}
	strict, err := json.UnmarshalStrict(data, into)
	return errors.Join(append(strict, err)...)
}

func texts(list field.ErrorList) string {
	if len(list) == 0 {
		return ""
	}
	return list.ToAggregate().Error()
}

// says tells whether a message is the wanted one. What a schema says of itself has other words here; then the field counts.
func says(got, want string) bool {
	if got == "" || strings.HasPrefix(got, "decode: ") || strings.Contains(got, want) {
		return got != ""
	}
	path := regexp.MustCompile(`^spec[^ :]*`).FindString(want)
	return path != "" && strings.Contains(got, path)
}

func TestSamplesAreAccepted(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"quickstart/tenant", "reference/scimtenant", "reference/scimserver-sqlite", "reference/scimserver-postgres", "reference/scimapplication", "reference/scimmapping"} {
		text, err := os.ReadFile("../../config/samples/" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		for doc := range strings.SplitSeq(string(text), "\n---\n") {
			if got := judge([]byte(doc)); got != "" {
				t.Errorf("%s: %s", name, got)
			}
		}
	}
}

// TestTenant: what the manifests for the API server don't try.
func TestTenant(t *testing.T) {
	t.Parallel()
	number := func(n int32) *int32 { return &n }
	extension := func(change func(*v1alpha1.SchemaExtension)) func(*v1alpha1.SCIMTenant) {
		return func(t *v1alpha1.SCIMTenant) {
			x := v1alpha1.SchemaExtension{ID: "urn:example:badge"}
			x.Attributes = []v1alpha1.SchemaAttribute{{SimpleAttribute: v1alpha1.SimpleAttribute{Name: "badge"}}}
			change(&x)
			t.Spec.SchemaExtensions = []v1alpha1.SchemaExtension{x}
		}
	}
	for name, tc := range map[string]struct {
		change func(*v1alpha1.SCIMTenant)
		want   string
	}{
		"sound":          {func(*v1alpha1.SCIMTenant) {}, ""},
		"extension":      {extension(func(*v1alpha1.SchemaExtension) {}), ""},
		"most users":     {func(t *v1alpha1.SCIMTenant) { t.Spec.Limits.Users = number(10_000_000) }, ""},
		"too many users": {func(t *v1alpha1.SCIMTenant) { t.Spec.Limits.Users = number(10_000_001) }, "spec.limits.users: Invalid value: 10000001: must be 1 to 10000000"},
		"no groups":      {func(t *v1alpha1.SCIMTenant) { t.Spec.Limits.Groups = number(0) }, "spec.limits.groups"},
		"negative burst": {func(t *v1alpha1.SCIMTenant) { t.Spec.Limits.Burst = number(-1) }, "spec.limits.burst"},
		"huge body":      {func(t *v1alpha1.SCIMTenant) { t.Spec.Limits.BodyBytes = new(resource.MustParse("1e30")) }, "spec.limits.bodyBytes"},
		"capitals":       {func(t *v1alpha1.SCIMTenant) { t.Name = "Acme" }, "metadata.name"},
		"digit with a server": {func(t *v1alpha1.SCIMTenant) {
			t.Name, t.Spec.ServerRef = "1st", &v1alpha1.ObjectReference{Name: "shared"}
		}, ""},
		"gate twice": {func(t *v1alpha1.SCIMTenant) {
			t.Spec.ReadinessGates = []v1alpha1.ReadinessGate{{ConditionType: "a/B"}, {ConditionType: "a/B"}}
		}, `spec.readinessGates[1].conditionType: Duplicate value: "a/B"`},
		"too many gates":    {func(t *v1alpha1.SCIMTenant) { t.Spec.ReadinessGates = make([]v1alpha1.ReadinessGate, 9) }, "spec.readinessGates: Too many: 9: must have at most 8 items"},
		"Secret no name":    {bearer(v1alpha1.BearerAuth{SecretRef: &v1alpha1.LocalReference{}}), "spec.auth.bearer.secretRef: Required value"},
		"negative overlap":  {bearer(rotation(2*time.Hour, -time.Second)), "overlap is shorter than every"},
		"rotation":          {bearer(rotation(2*time.Hour, time.Hour)), ""},
		"URN with a blank":  {extension(func(x *v1alpha1.SchemaExtension) { x.ID = "urn:example:a b" }), "id is a URN"},
		"core in capitals":  {extension(func(x *v1alpha1.SchemaExtension) { x.ID = "URN:IETF:params:scim:schemas:core:2.0:User" }), "this schema is built in"},
		"type in lowercase": {extension(func(x *v1alpha1.SchemaExtension) { x.Attributes[0].Type = "string" }), `spec.schemaExtensions[0].attributes[0].type: Unsupported value: "string"`},
		"too many attributes": {extension(func(x *v1alpha1.SchemaExtension) {
			x.Attributes = make([]v1alpha1.SchemaAttribute, 65)
		}), "spec.schemaExtensions[0].attributes: Too many: 65: must have at most 64 items"},
		"long description":   {extension(func(x *v1alpha1.SchemaExtension) { x.Attributes[0].Description = strings.Repeat("ü", 513) }), "description: Too long"},
		"umlauts count once": {extension(func(x *v1alpha1.SchemaExtension) { x.Attributes[0].Description = strings.Repeat("ü", 512) }), ""},
		"value twice": {extension(func(x *v1alpha1.SchemaExtension) {
			x.Attributes[0].CanonicalValues = []v1alpha1.CanonicalValue{"a", "b", "a"}
		}), `canonicalValues[2]: Duplicate value: "a"`},
		"empty value": {extension(func(x *v1alpha1.SchemaExtension) { x.Attributes[0].CanonicalValues = []v1alpha1.CanonicalValue{""} }), "canonicalValues[0]: Required value"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tenant := &v1alpha1.SCIMTenant{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "acme"}}
			tc.change(tenant)
			tenant.Default()
			got := texts(admission.Tenant(tenant))
			if (got == "") != (tc.want == "") || !strings.Contains(got, tc.want) {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}

func bearer(b v1alpha1.BearerAuth) func(*v1alpha1.SCIMTenant) {
	return func(t *v1alpha1.SCIMTenant) { t.Spec.Auth = &v1alpha1.TenantAuth{Bearer: &b} }
}

func rotation(every, overlap time.Duration) v1alpha1.BearerAuth {
	return v1alpha1.BearerAuth{Rotation: &v1alpha1.TokenRotation{Every: metav1.Duration{Duration: every}, Overlap: metav1.Duration{Duration: overlap}}}
}
