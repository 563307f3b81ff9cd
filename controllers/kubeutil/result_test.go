package kubeutil

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"
)

func TestResult(t *testing.T) {
	t.Parallel()
	secrets := schema.GroupResource{Resource: "secrets"}
	terminating := apierrors.NewForbidden(secrets, "acme", errors.New("namespace is being terminated"))
	terminating.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: corev1.NamespaceTerminatingCause}}
	other := apierrors.NewForbidden(secrets, "acme", errors.New("no right"))
	for name, tc := range map[string]struct {
		err     error
		want    ctrl.Result
		wantErr error
	}{
		"success waits as told":        {want: ctrl.Result{RequeueAfter: time.Hour}},
		"a conflict is tried again":    {err: fmt.Errorf("x: %w", apierrors.NewConflict(secrets, "acme", nil)), want: ctrl.Result{RequeueAfter: stale}},
		"a dying namespace is the end": {err: fmt.Errorf("x: %w", terminating)},
		"any other refusal is an error": {
			err: other, want: ctrl.Result{RequeueAfter: time.Hour}, wantErr: other,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Result(time.Hour, tc.err)
			if !errors.Is(err, tc.wantErr) {
				t.Errorf("error %v, want %v", err, tc.wantErr)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
