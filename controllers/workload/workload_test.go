package workload_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/workload"
)

var update = flag.Bool("update", false, "rewrite golden files")

// server is one as the API server stores it.
func server(change func(*v1alpha1.SCIMServer)) *v1alpha1.SCIMServer {
	one := int32(1)
	s := &v1alpha1.SCIMServer{
		ObjectMeta: metav1.ObjectMeta{Namespace: "acme-ns", Name: "acme"},
		Spec: v1alpha1.SCIMServerSpec{
			Replicas:      &one,
			Storage:       v1alpha1.ServerStorage{SQLite: &v1alpha1.SQLiteStorage{Size: resource.MustParse("1Gi")}},
			NetworkPolicy: v1alpha1.Enabled,
			Monitoring:    v1alpha1.ServerMonitoring{ServiceMonitor: v1alpha1.Disabled},
		},
	}
	if change != nil {
		change(s)
	}
	return s
}

func everything(s *v1alpha1.SCIMServer) {
	three, port, group := int32(3), int32(443), "gateway.networking.k8s.io"
	s.Annotations = map[string]string{v1alpha1.AnnotationDeletionPolicy: "Delete"}
	s.Spec.Replicas = &three
	s.Spec.Image = "registry.example.com/scim:1"
	s.Spec.Storage.SQLite = &v1alpha1.SQLiteStorage{Size: resource.MustParse("10Gi"), StorageClassName: "fast"}
	s.Spec.Endpoint = v1alpha1.ServerEndpoint{
		TLS: &v1alpha1.ServerTLS{SecretName: "acme-tls"},
		Ingress: &v1alpha1.ServerIngress{ClassName: "nginx", Host: "scim.example.com", TLSSecretName: "web-tls",
			Annotations: map[string]string{"nginx.ingress.kubernetes.io/backend-protocol": "HTTPS"}},
		Gateway: &v1alpha1.ServerGateway{
			ParentRefs: []v1alpha1.GatewayParentReference{{Group: &group, Kind: "Gateway", Namespace: "infra", Name: "web", SectionName: "https", Port: &port}},
			Hostnames:  []v1alpha1.Hostname{"*.example.com", "scim.example.com"},
		},
	}
	s.Spec.Monitoring.ServiceMonitor = v1alpha1.Enabled
	s.Spec.Webhooks.AllowedNetworks = []v1alpha1.Network{"169.254.10.0/24"}
}

// postgres is a server of three pods over a database.
func postgres(s *v1alpha1.SCIMServer) {
	three := int32(3)
	s.Spec.Replicas = &three
	s.Spec.Storage = v1alpha1.ServerStorage{Postgres: &v1alpha1.PostgresStorage{SecretRef: v1alpha1.SecretKeyReference{Name: "pg-app", Key: "uri"}}}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	database, err := workload.ParseDatabase("postgresql://app:secret@pg-rw.db,10.1.2.3:6432/app")
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]*v1alpha1.SCIMServer{
		"postgres":    server(postgres),
		"minimal":     server(nil),
		"everything":  server(everything),
		"policy-off":  server(func(s *v1alpha1.SCIMServer) { s.Spec.NetworkPolicy = v1alpha1.Disabled }),
		"podtemplate": server(func(s *v1alpha1.SCIMServer) { s.Spec.PodTemplate = raw(overlay) }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			objects, err := workload.Build(workload.Input{Server: s, Image: "scim-operator.io/scim-operator:test", Webhooks: name == "everything", Database: database})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, o := range objects.Wanted {
				text, err := yaml.Marshal(o.Object)
				if err != nil {
					t.Fatal(err)
				}
				got[strings.ToLower(o.GetKind())+"-"+o.GetName()+".yaml"] = string(text)
			}
			var unwanted []string
			for _, o := range objects.Unwanted {
				unwanted = append(unwanted, kindOf(o)+" "+o.GetNamespace()+"/"+o.GetName())
			}
			got["unwanted.txt"] = strings.Join(unwanted, "\n") + "\n"
			golden(t, filepath.Join("testdata", name), got)
		})
	}
}

func kindOf(o runtime.Object) string {
	if kind := o.GetObjectKind().GroupVersionKind().Kind; kind != "" {
		return kind
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", o), "*v1.")
}

// golden compares a folder with files, by name.
func golden(t *testing.T, folder string, got map[string]string) {
	t.Helper()
	if *update {
		rewrite(t, folder, got)
	}
	want := map[string]string{}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		want[e.Name()] = string(text)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got; go test -update rewrites):\n%s", folder, diff)
	}
}

func rewrite(t *testing.T, folder string, files map[string]string) {
	t.Helper()
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func raw(text string) *runtime.RawExtension {
	json, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		panic(err)
	}
	return &runtime.RawExtension{Raw: json}
}

const overlay = `
metadata:
  annotations: {example.com/team: identity}
  labels: {example.com/cost: "42"}
spec:
  nodeSelector: {disk: ssd}
  imagePullSecrets: [{name: pull}]
  tolerations: [{key: dedicated, operator: Exists}]
  containers:
  - name: scim-server
    resources:
      limits: {memory: 1024Mi, cpu: 1000m}
    env: [{name: TZ, value: UTC}]
  - name: sidecar
    image: example.com/sidecar:1
`

func TestPodTemplateRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ overlay, want string }{
		"unknown field":     {`{spec: {nodeSelektor: {a: b}}}`, `unknown field "spec.nodeSelektor"`},
		"wrong type":        {`{spec: {nodeSelector: [a]}}`, "cannot unmarshal array"},
		"bad quantity":      {`{spec: {containers: [{name: scim-server, resources: {limits: {memory: lots}}}]}}`, "quantities must match"},
		"list":              {`[]`, "it is not an object"},
		"label taken":       {`{metadata: {labels: {scim-operator.io/server: other}}}`, `scim-operator.io/server is the operator's own and stays "acme"`},
		"label deleted":     {`{metadata: {labels: {app.kubernetes.io/name: null}}}`, "app.kubernetes.io/name is the operator's own"},
		"labels replaced":   {`{metadata: {$patch: replace, annotations: {a: b}}}`, "is the operator's own"},
		"container deleted": {`{spec: {containers: [{name: scim-server, $patch: delete}]}}`, "container scim-server is the server and cannot be removed"},
		"spec replaced":     {`{spec: {$patch: replace, hostname: web}}`, "container scim-server is the server and cannot be removed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := server(func(s *v1alpha1.SCIMServer) { s.Spec.PodTemplate = raw(tc.overlay) })
			_, err := workload.Build(workload.Input{Server: s, Image: "i"})
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.HasPrefix(err.Error(), "spec.podTemplate: ") {
				t.Errorf("error %v, want spec.podTemplate: … %q", err, tc.want)
			}
		})
	}
}

// TestTolerations: those of the user come before the operator's, which stay for taints that the user does not name.
func TestTolerations(t *testing.T) {
	t.Parallel()
	for overlay, want := range map[string]string{
		`{}`: "node.kubernetes.io/not-ready 10, node.kubernetes.io/unreachable 10",
		`{spec: {tolerations: [{key: dedicated, operator: Exists}]}}`:                                             "dedicated, node.kubernetes.io/not-ready 10, node.kubernetes.io/unreachable 10",
		`{spec: {tolerations: [{key: node.kubernetes.io/unreachable, operator: Exists, tolerationSeconds: 60}]}}`: "node.kubernetes.io/unreachable 60, node.kubernetes.io/not-ready 10",
		`{spec: {tolerations: [{operator: Exists}]}}`:                                                             "",
	} {
		d, err := workload.Deployment(workload.Input{Server: server(func(s *v1alpha1.SCIMServer) { postgres(s); s.Spec.PodTemplate = raw(overlay) })})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, one := range d.Spec.Template.Spec.Tolerations {
			text := ""
			if one.Key != nil {
				text = *one.Key
			}
			if one.TolerationSeconds != nil {
				text += fmt.Sprintf(" %d", *one.TolerationSeconds)
			}
			got = append(got, text)
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%s: %q, want %q", overlay, got, want)
		}
	}
}

// TestRoleNamesItsObjects: the rights of a pod are about two objects by name, and include neither list nor delete.
func TestRoleNamesItsObjects(t *testing.T) {
	t.Parallel()
	for _, rule := range workload.Role(server(nil), nil).Rules {
		if len(rule.ResourceNames) != 1 {
			t.Errorf("rule for %v names %v", rule.Resources, rule.ResourceNames)
		}
		for _, verb := range rule.Verbs {
			if !slices.Contains([]string{"get", "watch", "patch"}, verb) {
				t.Errorf("verb %s on %v", verb, rule.Resources)
			}
		}
	}
}

func TestVolumeChange(t *testing.T) {
	t.Parallel()
	set, err := workload.StatefulSet(workload.Input{Server: server(nil), Image: "i"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := yaml.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	have := &appsv1.StatefulSet{}
	if err := yaml.Unmarshal(text, have); err != nil {
		t.Fatal(err)
	}
	for size, want := range map[string]string{
		"1Gi":    "",
		"1024Mi": "",
		"2Gi":    "spec.storage.sqlite.size: the volume was made with 1Gi",
	} {
		s := server(func(s *v1alpha1.SCIMServer) { s.Spec.Storage.SQLite.Size = resource.MustParse(size) })
		if got := workload.VolumeChange(s, have); !strings.HasPrefix(got, want) || (want == "") != (got == "") {
			t.Errorf("%s: %q, want %q", size, got, want)
		}
	}
}
