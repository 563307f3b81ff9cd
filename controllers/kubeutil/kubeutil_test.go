package kubeutil

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
)

func TestRun(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for name, tc := range map[string]struct {
		result error // of the second of three phases
		want   error
		ran    int
	}{
		"all":   {nil, nil, 3},
		"stop":  {ErrStop, nil, 2},
		"error": {broken, broken, 2},
	} {
		ran := 0
		phase := func(err error) Phase[*int] {
			return func(_ context.Context, n *int) error { *n++; return err }
		}
		err := Run(t.Context(), &ran, phase(nil), phase(tc.result), phase(nil))
		if !errors.Is(err, tc.want) || ran != tc.ran {
			t.Errorf("%s: %v after %d phases", name, err, ran)
		}
	}
}

func TestSetCondition(t *testing.T) {
	t.Parallel()
	o := &v1alpha1.SCIMTenant{ObjectMeta: metav1.ObjectMeta{Generation: 7}}
	SetCondition(o, compile.Condition{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonReady, Message: strings.Repeat("ä", 2000)})
	c := FindCondition(o, v1alpha1.ConditionReady)
	if c.ObservedGeneration != 7 || len(c.Message) > MaxMessage || !utf8.ValidString(c.Message) || !strings.HasSuffix(c.Message, "…") {
		t.Errorf("generation %d, message of %d bytes", c.ObservedGeneration, len(c.Message))
	}
	if !IsTrue(o, v1alpha1.ConditionReady) {
		t.Error("the condition is not true")
	}
	o.Generation++
	if IsTrue(o, v1alpha1.ConditionReady) {
		t.Error("a condition of an earlier generation is true")
	}
	RemoveCondition(o, v1alpha1.ConditionReady)
	if FindCondition(o, v1alpha1.ConditionReady) != nil {
		t.Error("the condition is still there")
	}
}

// events collects what is recorded, as "Type Reason".
type events []string

func (e *events) Eventf(_, _ runtime.Object, kind, reason, _, _ string, _ ...any) {
	*e = append(*e, kind+" "+reason)
}

func TestRecordTransitions(t *testing.T) {
	t.Parallel()
	with := func(status metav1.ConditionStatus, reason v1alpha1.ConditionReason) *v1alpha1.SCIMTenant {
		o := &v1alpha1.SCIMTenant{}
		for _, kind := range []v1alpha1.ConditionType{v1alpha1.ConditionAccepted, v1alpha1.ConditionReady} {
			SetCondition(o, compile.Condition{Type: kind, Status: status, Reason: reason})
		}
		return o
	}
	none := &v1alpha1.SCIMTenant{}
	yes, no, other, unknown := with("True", "Y"), with("False", "N"), with("False", "O"), with("Unknown", "U")
	for name, tc := range map[string]struct {
		before, after *v1alpha1.SCIMTenant
		want          events
	}{
		"nothing":        {yes, yes, nil},
		"at first":       {none, yes, events{"Normal Y"}}, // that it is ready
		"at last":        {unknown, yes, events{"Normal Y"}},
		"refused":        {none, no, events{"Warning N"}}, // that it isn't ready follows
		"same refusal":   {no, no, nil},
		"other refusal":  {no, other, events{"Warning O"}},
		"worse":          {yes, no, events{"Warning N", "Warning N"}},
		"better":         {no, yes, events{"Normal Y", "Normal Y"}},
		"not known yet":  {none, unknown, nil},
		"no longer true": {yes, unknown, nil},
	} {
		var got events
		RecordTransitions(&got, tc.before, tc.after, v1alpha1.ConditionAccepted, v1alpha1.ConditionReady)
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
	var got events
	if RecordTransitions(&got, none, yes, v1alpha1.ConditionAccepted); len(got) != 1 {
		t.Errorf("of an object that is only accepted: %v", got)
	}
}

func TestMemo(t *testing.T) {
	t.Parallel()
	var m Memo[int]
	calls := 0
	of := func(uid, version string, err error) int {
		o := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: "s", UID: "u", ResourceVersion: version}}
		if uid != "" {
			o.UID = "other"
		}
		v, _ := m.Of(o, func() (int, error) { calls++; return calls, err })
		return v
	}
	failed := errors.New("no")
	got := []int{of("", "1", failed), of("", "1", nil), of("", "1", nil), of("", "2", nil), of("x", "2", nil)}
	if want := []int{1, 2, 2, 3, 4}; !slices.Equal(got, want) {
		t.Errorf("values %v, want %v", got, want)
	}
	m.Forget(types.NamespacedName{Namespace: "n", Name: "s"})
	if of("x", "2", nil) != 5 {
		t.Error("it was not forgotten")
	}
}

// mapper knows no kind until it does.
type mapper struct {
	meta.RESTMapper
	known bool
	asked int
}

func (m *mapper) RESTMapping(gk schema.GroupKind, _ ...string) (*meta.RESTMapping, error) {
	m.asked++
	if !m.known {
		return nil, &meta.NoKindMatchError{GroupKind: gk}
	}
	return &meta.RESTMapping{}, nil
}

func TestKinds(t *testing.T) {
	t.Parallel()
	now := time.Now()
	m := &mapper{}
	k := &Kinds{Mapper: m, Now: func() time.Time { return now }}
	has := func() bool {
		ok, err := k.Has(schema.GroupVersionKind{Group: "g", Version: "v", Kind: "K"})
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	if got := []bool{has(), has()}; slices.Contains(got, true) || m.asked != 1 {
		t.Errorf("asked %d times within a minute: %v", m.asked, got)
	}
	m.known, now = true, now.Add(Recheck)
	if got := []bool{has(), has()}; slices.Contains(got, false) {
		t.Errorf("a kind that was installed is not noticed: %v", got)
	}
}

func TestIndexValues(t *testing.T) {
	t.Parallel()
	own := &v1alpha1.SCIMTenant{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: "t"}}
	moved := own.DeepCopy()
	moved.Spec.ServerRef = &v1alpha1.ObjectReference{Namespace: "s", Name: "new"}
	moved.Annotations = map[string]string{v1alpha1.AnnotationBoundServer: "s/old"}
	moved.Spec.Auth = &v1alpha1.TenantAuth{Bearer: &v1alpha1.BearerAuth{SecretRef: &v1alpha1.LocalReference{Name: "mine"}}}
	moved.Spec.ApplicationRef = &v1alpha1.ObjectReference{Name: "app"}
	moved.Spec.MappingRefs = []v1alpha1.LocalReference{{Name: "a"}, {Name: "b"}}
	for _, tc := range []struct{ got, want []string }{
		{ServersOf(own), []string{"n/t"}},
		{ServersOf(moved), []string{"s/new", "s/old"}},
		{tokenSecretOf(own), nil},
		{tokenSecretOf(moved), []string{"n/mine"}},
		{ApplicationsOf(own), nil},
		{ApplicationsOf(moved), []string{"n/app"}},
		{MappingsOf(moved), []string{"n/a", "n/b"}},
	} {
		if !slices.Equal(tc.got, tc.want) {
			t.Errorf("got %v, want %v", tc.got, tc.want)
		}
	}
	if got := Requests("n/t", "nonsense"); len(got) != 1 || got[0].Name != "t" {
		t.Errorf("requests %v", got)
	}
	if Earlier(0, 5) != 5 || Earlier(5, 0) != 5 || Earlier(3, 5) != 3 || Earlier(0, 0) != 0 {
		t.Error("Earlier is wrong")
	}
}
