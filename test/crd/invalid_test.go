package crd

import (
	"path/filepath"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

func TestInvalidManifestsAreRefused(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	for _, file := range yamlFiles(t, "invalid") {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			t.Parallel()
			docs := documents(t, file)
			if len(docs) != 1 {
				t.Fatalf("%d documents, want one", len(docs))
			}
			obj := parse(t, docs[0])
			obj.SetNamespace(namespace)
			checkRefused(t, k8s.Create(t.Context(), obj), wantOf(t, file))
		})
	}
}

func checkRefused(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case err == nil:
		t.Errorf("accepted, want it refused with %q", want)
	case !apierrors.IsInvalid(err) && !apierrors.IsBadRequest(err):
		t.Errorf("refused by something else than validation: %v", err)
	case !strings.Contains(err.Error(), want):
		t.Errorf("refused with\n%v\nwant a message with\n%s", err, want)
	}
}

// A rule that no test breaks may be a rule that does nothing.
func TestEveryRuleIsTried(t *testing.T) {
	t.Parallel()
	var wants []string
	for _, file := range yamlFiles(t, "invalid") {
		wants = append(wants, wantOf(t, file))
	}
	for _, tc := range refusedUpdates {
		wants = append(wants, tc.want)
	}
	for _, crd := range definitions(t) {
		root := *crd.Spec.Versions[0].Schema.OpenAPIV3Schema
		for path, schema := range walk(crd.Spec.Names.Kind, root) {
			for _, rule := range schema.XValidations {
				if !anyWithin(wants, rule.Message) {
					t.Errorf("%s: no manifest breaks the rule %q", path, rule.Message)
				}
			}
		}
	}
}

func anyWithin(parts []string, message string) bool {
	for _, part := range parts {
		if strings.Contains(message, part) {
			return true
		}
	}
	return false
}
