package server

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/workload"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// readPods reads the server's pods, in the order of their names.
func (r *Reconciler) readPods(ctx context.Context, p *pass) error {
	var list corev1.PodList
	err := r.Client.List(ctx, &list, client.InNamespace(p.server.Namespace), client.MatchingLabels{v1alpha1.LabelServer: p.server.Name})
	if err != nil {
		return fmt.Errorf("list the pods of SCIMServer %s: %w", client.ObjectKeyFromObject(p.server), err)
	}
	p.pods = list.Items
	slices.SortFunc(p.pods, func(a, b corev1.Pod) int { return cmp.Compare(a.Name, b.Name) })
	return nil
}

// forget takes the reports of pods that are gone out of the status ConfigMap. Those of a StatefulSet come back under
// their names, and write over their own.
func (r *Reconciler) forget(ctx context.Context, p *pass) error {
	if p.reports == nil || !workload.Stateless(p.server) {
		return nil
	}
	gone := map[string]any{}
	for key := range p.reports.Data {
		name := config.PodOf(key)
		if slices.ContainsFunc(p.pods, func(pod corev1.Pod) bool { return pod.Name == name }) {
			continue
		}
		// A pod may have reported before the cache has heard of it.
		err := r.Applier.Live.Get(ctx, client.ObjectKey{Namespace: p.server.Namespace, Name: name}, &corev1.Pod{})
		switch {
		case apierrors.IsNotFound(err):
			gone[key] = nil
		case err != nil:
			return fmt.Errorf("read Pod %s/%s: %w", p.server.Namespace, name, err)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	patch, err := json.Marshal(map[string]any{"data": gone})
	if err != nil {
		return err
	}
	err = r.Client.Patch(ctx, p.reports.DeepCopy(), client.RawPatch(types.MergePatchType, patch))
	return client.IgnoreNotFound(err)
}

// podTrouble tells what keeps a pod from running, "" if nothing that Kubernetes would tell.
func podTrouble(pod *corev1.Pod) string {
	for _, s := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		switch w := s.State.Waiting; {
		case w == nil || w.Reason == "ContainerCreating" || w.Reason == "PodInitializing":
		case s.LastTerminationState.Terminated != nil:
			t := s.LastTerminationState.Terminated
			return fmt.Sprintf("container %s: %s, after %s with exit code %d; see kubectl logs --previous", s.Name, w.Reason, t.Reason, t.ExitCode)
		default:
			return fmt.Sprintf("container %s: %s: %s", s.Name, w.Reason, w.Message)
		}
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			return fmt.Sprintf("%s: %s", c.Reason, c.Message)
		}
	}
	return ""
}

// trouble is that of the first pod that has one.
func (p *pass) trouble() string {
	for i := range p.pods {
		if why := podTrouble(&p.pods[i]); why != "" {
			return fmt.Sprintf("pod %s: %s", p.pods[i].Name, why)
		}
	}
	return ""
}

// podChanged lets pass what a condition tells.
func podChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		return podTrouble(e.ObjectOld.(*corev1.Pod)) != podTrouble(e.ObjectNew.(*corev1.Pod))
	}}
}
