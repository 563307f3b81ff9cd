package scope

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		scope Scope
		error string
	}{
		"":                {nil, ""},
		"team-a":          {Scope{"team-a"}, ""},
		"b, a,b,":         {Scope{"a", "b"}, ""},
		",":               {nil, "names no namespace"},
		"team_a":          {nil, `"team_a" is no name of a namespace`},
		"a,*":             {nil, `"*" is no name of a namespace`},
		"a/b":             {nil, `"a/b" is no name of a namespace`},
		"x" + long(t, 63): {nil, "no name of a namespace"},
	} {
		got, err := Parse(text)
		if d := cmp.Diff(want.scope, got); d != "" || (err == nil) != (want.error == "") || err != nil && !strings.Contains(err.Error(), want.error) {
			t.Errorf("Parse(%q): %v %s", text, err, d)
		}
	}
}

func long(t *testing.T, n int) string { t.Helper(); return strings.Repeat("x", n) }

func TestHas(t *testing.T) {
	t.Parallel()
	if !Scope(nil).Has("any") || !(Scope{"a", "b"}).Has("b") || (Scope{"a"}).Has("b") {
		t.Error("the scope has what it should not, or lacks what it should have")
	}
}

// everything is a cache that finds whatever it is asked for.
type everything struct{ cache.Cache }

func (everything) Get(context.Context, client.ObjectKey, client.Object, ...client.GetOption) error {
	return nil
}
func (everything) List(context.Context, client.ObjectList, ...client.ListOption) error { return nil }

// TestLimited: what is outside must not look as if it did not exist.
func TestLimited(t *testing.T) {
	t.Parallel()
	l := &limited{Cache: everything{}, scope: Scope{"a"}}
	get := func(namespace string) error {
		return l.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: "x"}, &corev1.Secret{})
	}
	list := func(namespace string) error {
		return l.List(t.Context(), &corev1.SecretList{}, client.InNamespace(namespace))
	}
	for _, namespace := range []string{"a", ""} {
		if err := errors.Join(get(namespace), list(namespace)); err != nil {
			t.Errorf("namespace %q: %v", namespace, err)
		}
	}
	for _, err := range []error{get("b"), list("b")} {
		if !errors.Is(err, ErrOutside) || apierrors.IsNotFound(err) {
			t.Errorf("outside: %v", err)
		}
	}
}

// namespaces is an API server that has only namespaces; those without a version are gone.
type namespaces struct {
	client.Reader
	versions map[string]string
	err      error
}

func (n *namespaces) Get(_ context.Context, key client.ObjectKey, o client.Object, _ ...client.GetOption) error {
	if n.err != nil {
		return n.err
	}
	if n.versions[key.Name] == "" {
		return apierrors.NewNotFound(corev1.Resource("namespaces"), key.Name)
	}
	o.SetName(key.Name)
	o.SetResourceVersion(n.versions[key.Name])
	return nil
}

// look is the next event of a watch, or what became of it.
func look(w watch.Interface) string {
	synctest.Wait()
	select {
	case e, ok := <-w.ResultChan():
		if !ok {
			return "closed"
		}
		return string(e.Type) + " " + e.Object.(*metav1.PartialObjectMetadata).Name
	default:
		return "nothing"
	}
}

func TestPoll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := &namespaces{versions: map[string]string{"a": "1", "b": "1"}}
		p := &poll{live: api, names: []string{"a", "b", "c"}, every: time.Second}
		list, err := p.List(metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if items := list.(*metav1.PartialObjectMetadataList).Items; len(items) != 2 || items[1].Name != "b" || items[1].GroupVersionKind() != namespaceKind {
			t.Fatalf("listed %+v", items)
		}
		w, err := p.Watch(metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer w.Stop()
		expect := func(want ...string) {
			t.Helper()
			<-time.After(time.Second)
			for _, one := range append(want, "nothing") {
				if got := look(w); got != one {
					t.Fatalf("%s, want %s", got, one)
				}
			}
		}
		expect()
		api.versions = map[string]string{"b": "2", "c": "7"}
		expect("DELETED a", "MODIFIED b", "ADDED c")
		expect()
		api.err = errors.New("away")
		<-time.After(time.Second)
		if got := look(w); got != "closed" {
			t.Fatalf("%s although the API server is away", got)
		}
	})
}

// TestPollStops: a watch that nobody reads any more ends.
func TestPollStops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &poll{live: &namespaces{versions: map[string]string{"a": "1"}}, names: []string{"a"}, every: time.Second}
		w, err := p.Watch(metav1.ListOptions{}) // nothing is known, so there is an event to tell of
		if err != nil {
			t.Fatal(err)
		}
		<-time.After(2 * time.Second)
		synctest.Wait()
		w.Stop() // synctest.Test fails if the goroutine stays
	})
}
