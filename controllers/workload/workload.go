package workload

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/kubeutil"
)

// Ports of a server's pods.
const (
	PortSCIM = 8080 // SCIM, for identity providers
	PortOps  = 9090 // health, readiness and metrics, in plain text
)

// Input is what the objects are made from.
type Input struct {
	Server *v1alpha1.SCIMServer
	// Image is used where spec.image is empty.
	Image string
	// Moves: tenants are on their way from or to another server.
	Moves bool
	// Webhooks: the server calls applications, wherever they are.
	Webhooks bool
	// Shards of the configuration, by their numbers; none: 0 alone.
	Shards []int
	// Database is where the data are, with spec.storage.postgres.
	Database Database
}

// Objects are the objects of a server.
type Objects struct {
	// Wanted should exist as they are here. The order is that of need.
	Wanted []*unstructured.Unstructured
	// Unwanted should not exist; only name and namespace are set.
	Unwanted []client.Object
}

// Kinds that a cluster need not have.
var (
	HTTPRoute      = schema.GroupVersionKind{Group: "gateway.networking.k8s.io", Version: "v1", Kind: "HTTPRoute"}
	ServiceMonitor = schema.GroupVersionKind{Group: "monitoring.coreos.com", Version: "v1", Kind: "ServiceMonitor"}
)

// Build makes the objects of a server. The error names the field of the SCIMServer that is wrong.
func Build(in Input) (Objects, error) {
	pods, err := runner(in)
	if err != nil {
		return Objects{}, err
	}
	s := in.Server
	b := builder{server: s}
	b.reports(in.Shards)
	b.want(ServiceAccount(s), Role(s, in.Shards), RoleBinding(s), HeadlessService(s), Service(s))
	b.optional(s.Spec.NetworkPolicy != v1alpha1.Disabled, NetworkPolicy(in), &networkingv1.NetworkPolicy{})
	b.optional(Replicas(s) > 1, PodDisruptionBudget(s), &policyv1.PodDisruptionBudget{})
	b.optional(s.Spec.Endpoint.Ingress != nil, Ingress(s), &networkingv1.Ingress{})
	b.optional(s.Spec.Endpoint.Gateway != nil, Route(s), blank(HTTPRoute))
	b.optional(s.Spec.Monitoring.ServiceMonitor == v1alpha1.Enabled, Monitor(s), blank(ServiceMonitor))
	b.want(pods)
	return b.objects, b.err
}

// runner is what runs the pods. The kind of storage cannot change, so that there is never one of the other kind.
func runner(in Input) (any, error) {
	if Stateless(in.Server) {
		return Deployment(in)
	}
	return StatefulSet(in)
}

// Stateless tells whether the pods have no data of their own.
func Stateless(s *v1alpha1.SCIMServer) bool { return s.Spec.Storage.Postgres != nil }

// Access are those objects by which the pods get at their configuration and report, for a configuration of these shards.
func Access(s *v1alpha1.SCIMServer, shards []int) ([]*unstructured.Unstructured, error) {
	b := builder{server: s}
	b.reports(shards)
	b.want(Role(s, shards))
	return b.objects.Wanted, b.err
}

func (b *builder) reports(shards []int) {
	for _, n := range orFirst(shards) {
		b.want(StatusConfigMap(b.server, n))
	}
}

type builder struct {
	server  *v1alpha1.SCIMServer
	objects Objects
	err     error
}

func (b *builder) want(configs ...any) {
	for _, c := range configs {
		u, err := kubeutil.ToUnstructured(c)
		if err != nil && b.err == nil {
			b.err = err
		}
		b.objects.Wanted = append(b.objects.Wanted, u)
	}
}

// optional wants config, or wants that there is no object of kind with the server's name.
func (b *builder) optional(wanted bool, config any, kind client.Object) {
	if wanted {
		b.want(config)
		return
	}
	kind.SetNamespace(b.server.Namespace)
	kind.SetName(b.server.Name)
	b.objects.Unwanted = append(b.objects.Unwanted, kind)
}

func blank(gvk schema.GroupVersionKind) *unstructured.Unstructured {
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(gvk)
	return u
}

// Replicas is the number of pods.
func Replicas(s *v1alpha1.SCIMServer) int32 {
	if s.Spec.Replicas == nil {
		return 1
	}
	return *s.Spec.Replicas
}

// Names of objects that are not named as their server.
func configSecret(s *v1alpha1.SCIMServer) string    { return v1alpha1.ConfigSecretName(s.Name, 0) }
func statusConfigMap(s *v1alpha1.SCIMServer) string { return v1alpha1.StatusConfigMapName(s.Name, 0) }
func headless(s *v1alpha1.SCIMServer) string        { return s.Name + "-pods" }

// VolumeName is the name of the volume claim template with a server's data.
const VolumeName = "data"

// Labels are those of all objects of a server.
func Labels(s *v1alpha1.SCIMServer) map[string]string {
	return map[string]string{
		v1alpha1.LabelName:      v1alpha1.AppName,
		v1alpha1.LabelInstance:  s.Name,
		v1alpha1.LabelManagedBy: v1alpha1.ManagedBy,
		v1alpha1.LabelServer:    s.Name,
	}
}

// Selector chooses the pods of a server, as text.
func Selector(s *v1alpha1.SCIMServer) string { return labels.FormatLabels(selector(s)) }

// selector chooses the pods of a server. It can never change: that of what runs them is immutable.
func selector(s *v1alpha1.SCIMServer) map[string]string {
	return map[string]string{v1alpha1.LabelName: v1alpha1.AppName, v1alpha1.LabelServer: s.Name}
}

// VolumeChange tells how the volume that the spec wants differs from the one the StatefulSet was made with, "" if it
// doesn't. The claim templates of a StatefulSet are immutable.
func VolumeChange(s *v1alpha1.SCIMServer, set *appsv1.StatefulSet) string {
	if s.Spec.Storage.SQLite == nil || len(set.Spec.VolumeClaimTemplates) == 0 {
		return ""
	}
	claim := set.Spec.VolumeClaimTemplates[0].Spec
	size, want := claim.Resources.Requests[corev1.ResourceStorage], volumeSize(s)
	if size.Cmp(want) != 0 {
		return fmt.Sprintf("spec.storage.sqlite.size: the volume was made with %s, and growing it is not implemented; "+
			"set the size back to %s", size.String(), size.String())
	}
	return ""
}
