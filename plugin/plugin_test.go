package plugin_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/plugin"
	"github.com/scim-operator/scim-operator/scimserver/servertest"
)

// bench is a plugin over a cluster that is made up.
type bench struct {
	*plugin.Plugin
	out, err bytes.Buffer
	location plugin.Location
	execs    []execution
	fail     error // what the program in the pod ends with
}

type execution struct {
	Pod     string
	Command []string
	Input   string
}

func (b *bench) Exec(_ context.Context, namespace, pod, container string, command []string, s plugin.Streams) error {
	e := execution{Pod: namespace + "/" + pod + "/" + container, Command: command}
	if s.In != nil {
		data, err := io.ReadAll(s.In)
		if err != nil {
			return err
		}
		e.Input = string(data)
	}
	b.execs = append(b.execs, e)
	_, _ = io.WriteString(s.Out, "a line\n")
	return b.fail
}

func newBench(t *testing.T, objects ...client.Object) *bench {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	b := &bench{}
	c := &plugin.Cluster{Client: fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).Build(), Namespace: "acme", Executor: b}
	b.Plugin = &plugin.Plugin{
		Streams: plugin.Streams{In: strings.NewReader("typed"), Out: &b.out, Err: &b.err, Terminal: true},
		Dial: func(l plugin.Location) (*plugin.Cluster, error) {
			b.location = l
			return c, nil
		},
		Transport: plugin.Transport, Now: time.Now, Poll: time.Millisecond,
	}
	return b
}

func tenant(change ...func(*v1alpha1.SCIMTenant)) *v1alpha1.SCIMTenant {
	t := &v1alpha1.SCIMTenant{ObjectMeta: metav1.ObjectMeta{Namespace: "acme", Name: "acme"}}
	t.Spec.IdentityProvider = v1alpha1.IdentityProviderOkta
	t.Default()
	for _, c := range change {
		c(t)
	}
	return t
}

func secret(url, token string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "acme", Name: "acme-credentials"}, Data: map[string][]byte{
		"baseURL": []byte(url), "token": []byte(token), "tokenID": []byte("id-" + token),
	}}
}

func pod(namespace, name, server string, phase corev1.PodPhase, ready corev1.ConditionStatus) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name,
		Labels: map[string]string{v1alpha1.LabelName: v1alpha1.AppName, v1alpha1.LabelServer: server}}}
	p.Status.Phase = phase
	p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: ready}}
	return p
}

// TestRemote: which program runs where, with what input.
func TestRemote(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "mapping.yaml")
	if err := os.WriteFile(file, []byte("kind: SCIMMapping"), 0o600); err != nil {
		t.Fatal(err)
	}
	admin := func(command string, args ...string) []string {
		return append([]string{"/scimserver", "admin", command, "--data", "/data", "--tenant", "acme/acme"}, args...)
	}
	for name, tc := range map[string]struct {
		args  []string
		piped bool
		want  execution
		at    plugin.Location
	}{
		"log":              {[]string{"log", "acme", "--user", "ann", "--follow", "-o", "json"}, false, execution{Command: admin("log", "--user", "ann", "--follow", "-o", "json")}, plugin.Location{}},
		"own flags":        {[]string{"members", "-n", "acme", "acme", "--context=c", "-o", "json", "--kubeconfig", "f"}, false, execution{Command: admin("members", "-o", "json")}, plugin.Location{Namespace: "acme", Context: "c", Kubeconfig: "f"}},
		"with a namespace": {[]string{"resync", "acme/acme"}, false, execution{Command: admin("resync")}, plugin.Location{Namespace: "acme"}},
		"after --":         {[]string{"log", "acme", "--", "-n", "5"}, false, execution{Command: admin("log", "-n", "5")}, plugin.Location{}},
		"file":             {[]string{"diff", "acme", "-f", file, "-o", "json"}, false, execution{Command: admin("diff", "-o", "json", "-f", "-"), Input: "kind: SCIMMapping"}, plugin.Location{}},
		"files":            {[]string{"diff", "acme", "-f", file, "--f=" + file}, false, execution{Command: admin("diff", "-f", "-"), Input: "kind: SCIMMapping\n---\nkind: SCIMMapping"}, plugin.Location{}},
		"file, joined":     {[]string{"check", "acme", "-f=" + file}, false, execution{Command: admin("check", "-f", "-"), Input: "kind: SCIMMapping"}, plugin.Location{}},
		"with a mapping":   {[]string{"check", "acme", "--mapping", file, "-f", "-", "--group=a"}, false, execution{Command: admin("check", "--group=a", "-f", "-", "--mapping", "-"), Input: "kind: SCIMMapping\n---\ntyped"}, plugin.Location{}},
		"mappings, typed":  {[]string{"check", "acme", "--mapping", file, "-mapping=" + file}, false, execution{Command: admin("check", "-f", "-", "--mapping", "-"), Input: "kind: SCIMMapping\n---\nkind: SCIMMapping\n---\ntyped"}, plugin.Location{}},
		"typed":            {[]string{"check", "acme", "-group", "a"}, false, execution{Command: admin("check", "-group", "a"), Input: "typed"}, plugin.Location{}},
		"export":           {[]string{"export", "acme", "-f", "-"}, false, execution{Command: admin("export", "-f", "-")}, plugin.Location{}},
		"file is missing":  {[]string{"diff", "acme", "-f"}, false, execution{Command: admin("diff", "-f")}, plugin.Location{}},
		"standard input":   {[]string{"import", "acme", "-f", "-"}, false, execution{Command: admin("import", "-f", "-"), Input: "typed"}, plugin.Location{}},
		"pipe":             {[]string{"import", "acme"}, true, execution{Command: admin("import"), Input: "typed"}, plugin.Location{}},
		"pipe nobody asks": {[]string{"replay", "acme"}, true, execution{Command: admin("replay")}, plugin.Location{}},
		"help":             {[]string{"export", "acme", "--help"}, false, execution{Command: admin("export", "--help")}, plugin.Location{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, tenant(), pod("acme", "acme-0", "acme", corev1.PodRunning, corev1.ConditionTrue))
			b.Terminal = !tc.piped
			if err := b.Run(t.Context(), tc.args); err != nil {
				t.Fatal(err)
			}
			tc.want.Pod = "acme/acme-0/scim-server"
			if diff := cmp.Diff([]execution{tc.want}, b.execs); diff != "" || b.out.String() != "a line\n" || b.location != tc.at {
				t.Errorf("%q at %+v (-want +got):\n%s", b.out.String(), b.location, diff)
			}
		})
	}
}

// TestExport: the output goes into a file that only its owner can read.
func TestExport(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "users.ndjson")
	b := newBench(t, tenant(), pod("acme", "acme-0", "acme", corev1.PodRunning, corev1.ConditionTrue))
	if err := b.Run(t.Context(), []string{"export", "acme", "-f", file}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	info, statErr := os.Stat(file)
	if err != nil || statErr != nil || string(text) != "a line\n" || info.Mode().Perm() != 0o600 || b.out.Len() > 0 {
		t.Errorf("%q, %v, %v, output %q", text, err, info, b.out.String())
	}
	if err := b.Run(t.Context(), []string{"export", "acme", "-f", filepath.Join(file, "x")}); err == nil {
		t.Error("a file in a file was written")
	}
}

// TestPod: a ready pod of the server that has the tenant's data.
func TestPod(t *testing.T) {
	t.Parallel()
	shared := func(t *v1alpha1.SCIMTenant) {
		t.Spec.ServerRef = &v1alpha1.ObjectReference{Name: "new", Namespace: "scim"}
		t.Annotations = map[string]string{v1alpha1.AnnotationBoundServer: "scim/shared"}
	}
	b := newBench(t, tenant(shared),
		pod("scim", "shared-0", "shared", corev1.PodRunning, corev1.ConditionFalse), pod("scim", "shared-1", "shared", corev1.PodRunning, corev1.ConditionTrue),
		pod("scim", "new-0", "new", corev1.PodRunning, corev1.ConditionTrue), pod("acme", "acme-0", "acme", corev1.PodRunning, corev1.ConditionTrue))
	b.fail = plugin.ExitError(3)
	err := b.Run(t.Context(), []string{"log", "acme"})
	var code plugin.ExitError
	if len(b.execs) != 1 || b.execs[0].Pod != "scim/shared-1/scim-server" || !errors.As(err, &code) || code != 3 {
		t.Errorf("%+v, %v", b.execs, err)
	}
	b = newBench(t, tenant(), pod("acme", "acme-0", "acme", corev1.PodPending, corev1.ConditionFalse))
	if err := b.Run(t.Context(), []string{"log", "acme"}); err == nil || !strings.Contains(err.Error(), "SCIMServer acme/acme has no running pod") {
		t.Errorf("error %v", err)
	}
	b = newBench(t, tenant(), pod("acme", "acme-0", "acme", corev1.PodRunning, corev1.ConditionFalse))
	if err := b.Run(t.Context(), []string{"log", "acme"}); err != nil || len(b.execs) != 1 {
		t.Errorf("a pod that is not ready: %v", err)
	}
}

// TestRefused: wrong command lines, and what is not there.
func TestRefused(t *testing.T) {
	t.Parallel()
	jumpCloud := func(t *v1alpha1.SCIMTenant) { t.Spec.IdentityProvider = v1alpha1.IdentityProviderJumpCloud }
	brought := func(t *v1alpha1.SCIMTenant) {
		t.Spec.Auth = &v1alpha1.TenantAuth{Bearer: &v1alpha1.BearerAuth{SecretRef: &v1alpha1.LocalReference{Name: "mine"}}}
	}
	refused := func(t *v1alpha1.SCIMTenant) {
		t.Status.Conditions = []metav1.Condition{{Type: "Accepted", Status: metav1.ConditionFalse, Reason: "Invalid", Message: "no"}}
	}
	for want, tc := range map[string]struct {
		args    []string
		objects []client.Object
		usage   bool
	}{
		"a command is missing":                         {nil, nil, true},
		`there is no command "delete"`:                 {[]string{"delete", "acme"}, nil, true},
		"a tenant is missing":                          {[]string{"log"}, nil, true},
		"the tenant comes before --user":               {[]string{"log", "--user", "ann", "acme"}, nil, true},
		"--context needs a value":                      {[]string{"log", "acme", "--context"}, nil, true},
		"tenant a/b is not in namespace c":             {[]string{"log", "a/b", "-n", "c"}, nil, true},
		"flag provided but not defined: -follow":       {[]string{"connect", "acme", "--follow"}, nil, true},
		`an argument too many: "other"`:                {[]string{"rotate", "acme", "other"}, nil, true},
		"there is no SCIMTenant acme in namespace":     {[]string{"log", "acme"}, nil, false},
		"has no credentials yet: Accepted is False, I": {[]string{"connect", "acme"}, []client.Object{tenant(refused)}, false},
		"give --test-email an address":                 {[]string{"test", "acme"}, []client.Object{tenant(jumpCloud), secret("http://x", "t")}, true},
		"has no token to test with":                    {[]string{"test", "acme"}, []client.Object{tenant(), secret("http://x", "")}, false},
		"change Secret mine":                           {[]string{"rotate", "acme"}, []client.Object{tenant(brought), secret("http://x", "t")}, false},
		"has no token: its identity provider":          {[]string{"rotate", "acme"}, []client.Object{tenant(), secret("http://x", "")}, false},
		"no new token within 20ms":                     {[]string{"rotate", "acme", "--timeout", "20ms"}, []client.Object{tenant(), secret("http://x", "t")}, false},
		"has no brake":                                 {[]string{"release", "acme"}, []client.Object{tenant()}, false},
		"no such file":                                 {[]string{"diff", "acme", "-f", "does-not-exist"}, []client.Object{tenant(), pod("acme", "acme-0", "acme", corev1.PodRunning, "True")}, false},
	} {
		b := newBench(t, tc.objects...)
		err := b.Run(t.Context(), tc.args)
		if err == nil || !strings.Contains(err.Error(), want) || errors.As(err, new(plugin.UsageError)) != tc.usage {
			t.Errorf("%q: %v, want %q", tc.args, err, want)
		}
		if len(b.execs) > 0 {
			t.Errorf("%q ran %+v", tc.args, b.execs)
		}
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if err := b.Run(t.Context(), []string{"--help"}); err != nil || b.out.String() != plugin.Usage {
		t.Errorf("%v %s", err, b.out.String())
	}
	if err := b.Run(t.Context(), []string{"test", "acme", "--help"}); !errors.Is(err, flag.ErrHelp) || !strings.Contains(b.err.String(), "-test-email") {
		t.Errorf("%v %s", err, b.err.String())
	}
}

func TestConnect(t *testing.T) {
	t.Parallel()
	const url = "https://scim.example.com/acme/acme/scim/v2"
	for _, hide := range []bool{false, true} {
		b := newBench(t, tenant(), secret(url, "scim_secret"))
		args := []string{"connect", "acme"}
		if hide {
			args = append(args, "--hide-token")
		}
		if err := b.Run(t.Context(), args); err != nil {
			t.Fatal(err)
		}
		out := b.out.String()
		if !strings.Contains(out, "SCIMTenant acme/acme in Okta") || !strings.Contains(out, url) || strings.Contains(out, "scim_secret") == hide {
			t.Errorf("hide %v: %s", hide, out)
		}
	}
}

// TestTest runs against this product's server.
func TestTest(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	served := s.NewTenant(t)
	b := newBench(t, tenant(), secret("https://scim.invalid/acme", served.Token))
	if err := b.Run(t.Context(), []string{"test", "acme", "--url", served.BaseURL + "/"}); err != nil || !strings.Contains(b.out.String(), "All is well.") {
		t.Errorf("%v\n%s", err, b.out.String())
	}
	b = newBench(t, tenant(), secret(served.BaseURL, "wrong"))
	b.Transport = func(string) (http.RoundTripper, error) { return s.Client.Transport, nil }
	if err := b.Run(t.Context(), []string{"test", "acme"}); !errors.Is(err, plugin.ErrTestFailed) || !strings.Contains(b.out.String(), "401 FAILED: answered 401, wanted 200") {
		t.Errorf("%v\n%s", err, b.out.String())
	}
	if strings.Contains(b.out.String(), "wrong") {
		t.Error("the token is shown")
	}
	b = newBench(t, tenant(), secret(served.BaseURL, served.Token))
	if err := b.Run(t.Context(), []string{"test", "acme", "--ca-file", "does-not-exist"}); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("error %v", err)
	}
}
