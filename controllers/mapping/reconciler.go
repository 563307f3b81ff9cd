package mapping

import (
	"context"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/controllers/kubeutil"
	"github.com/scim-operator/scim-operator/controllers/referent"
)

// +kubebuilder:rbac:groups=scim-operator.io,resources=scimmappings,verbs=get;list;watch
// +kubebuilder:rbac:groups=scim-operator.io,resources=scimmappings/status,verbs=patch

// Reconciler reconciles SCIMMappings. All fields are needed.
type Reconciler struct {
	Client client.Client
	Events kubeutil.Recorder
}

// Register adds the controller to the manager.
func (r *Reconciler) Register(mgr ctrl.Manager) error {
	c := &referent.Reconciler[*v1alpha1.SCIMMapping]{
		Client: r.Client, Events: r.Events, Name: "scimmapping", Kind: &v1alpha1.SCIMMapping{},
		Index: kubeutil.IndexTenantMapping, Of: kubeutil.MappingsOf, Keep: keep, Accepted: "The mapping is valid",
	}
	return c.Complete(c.Builder(mgr))
}

func keep(_ context.Context, m *v1alpha1.SCIMMapping, tenants []v1alpha1.SCIMTenant) (compile.Finding, time.Duration, error) {
	m.Status.Tenants = int32(len(tenants)) //nolint:gosec // there are fewer
	return compile.MappingFinding(m), 0, nil
}
