package envtest

import (
	"context"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

// runner is what runs the pods of a server.
type runner struct {
	pods  []string
	ready func(context.Context) error // says in its status that they are, or are not
}

// runner finds what runs the pods of a server, nil if there is nothing.
func (p *Pods) runner(ctx context.Context, server client.ObjectKey) (*runner, error) {
	set := &appsv1.StatefulSet{}
	err := p.client.Get(ctx, server, set)
	if err == nil {
		return &runner{pods: []string{server.Name + "-0"}, ready: func(ctx context.Context) error { return p.setReady(ctx, set) }}, nil
	}
	if !apierrors.IsNotFound(err) {
		return nil, err
	}
	d := &appsv1.Deployment{}
	if err := p.client.Get(ctx, server, d); err != nil {
		return nil, client.IgnoreNotFound(err)
	}
	names, err := p.deployed(ctx, d)
	return &runner{pods: names, ready: func(ctx context.Context) error { return p.deploymentReady(ctx, d) }}, client.IgnoreNotFound(err)
}

// deployed makes the Pods of a Deployment, and takes away those that are too many, without anything that runs in them.
func (p *Pods) deployed(ctx context.Context, d *appsv1.Deployment) (names []string, err error) {
	for i := range *d.Spec.Replicas {
		names = append(names, fmt.Sprintf("%s-7d9f8c6b5-aaaa%c", d.Name, 'a'+i))
	}
	var have corev1.PodList
	if err := p.client.List(ctx, &have, client.InNamespace(d.Namespace), client.MatchingLabels{v1alpha1.LabelServer: d.Name}); err != nil {
		return nil, err
	}
	for _, name := range names {
		if slices.ContainsFunc(have.Items, func(pod corev1.Pod) bool { return pod.Name == name }) {
			continue
		}
		pod := &corev1.Pod{ObjectMeta: *d.Spec.Template.ObjectMeta.DeepCopy(), Spec: *d.Spec.Template.Spec.DeepCopy()}
		pod.Namespace, pod.Name = d.Namespace, name
		pod.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(d, appsv1.SchemeGroupVersion.WithKind("Deployment"))}
		if err := p.client.Create(ctx, pod); err != nil && !apierrors.IsAlreadyExists(err) {
			return nil, err
		}
	}
	for i := range have.Items {
		if pod := &have.Items[i]; !slices.Contains(names, pod.Name) {
			if err := p.client.Delete(ctx, pod, client.GracePeriodSeconds(0)); client.IgnoreNotFound(err) != nil {
				return nil, err
			}
		}
	}
	return names, nil
}

func (p *Pods) setReady(ctx context.Context, set *appsv1.StatefulSet) error {
	if set.Status.ReadyReplicas == 1 && set.Status.ObservedGeneration == set.Generation {
		return nil
	}
	next := set.DeepCopy()
	next.Status.Replicas, next.Status.ReadyReplicas, next.Status.ObservedGeneration = 1, 1, set.Generation
	return p.client.Status().Patch(ctx, next, client.MergeFrom(set))
}

func (p *Pods) deploymentReady(ctx context.Context, d *appsv1.Deployment) error {
	p.mu.Lock()
	fault := p.faults[client.ObjectKeyFromObject(d)]
	p.mu.Unlock()
	ready := *d.Spec.Replicas
	if fault != nil {
		ready = 0
	}
	if d.Status.ReadyReplicas == ready && d.Status.Replicas == *d.Spec.Replicas && d.Status.ObservedGeneration == d.Generation {
		return nil
	}
	next := d.DeepCopy()
	next.Status.Replicas, next.Status.ReadyReplicas, next.Status.ObservedGeneration = *d.Spec.Replicas, ready, d.Generation
	return p.client.Status().Patch(ctx, next, client.MergeFrom(d))
}
