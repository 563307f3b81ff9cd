package server

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
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

// forget takes the reports of pods that are gone out of the status ConfigMaps. Those of a StatefulSet come back under
// their names, and write over their own.
func (r *Reconciler) forget(ctx context.Context, p *pass) error {
	if !workload.Stateless(p.server) {
		return nil
	}
	gone := map[string]bool{} // by pod
	for _, n := range slices.Compact(slices.Sorted(slices.Values(append([]int{0}, p.shards...)))) {
		reports := &corev1.ConfigMap{}
		ok, err := r.get(ctx, p.server, v1alpha1.StatusConfigMapName(p.server.Name, n), reports)
		if err == nil && ok {
			err = r.forgetIn(ctx, p, reports, gone)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *Reconciler) forgetIn(ctx context.Context, p *pass, reports *corev1.ConfigMap, gone map[string]bool) error {
	keys := map[string]any{}
	for key := range reports.Data {
		name := config.PodOf(key)
		if _, known := gone[name]; !known {
			is, err := r.isGone(ctx, p, name)
			if err != nil {
				return err
			}
			gone[name] = is
		}
		if gone[name] {
			keys[key] = nil
		}
	}
	if len(keys) == 0 {
		return nil
	}
	patch, err := json.Marshal(map[string]any{"data": keys})
	if err != nil {
		return err
	}
	err = r.Client.Patch(ctx, reports.DeepCopy(), client.RawPatch(types.MergePatchType, patch))
	return client.IgnoreNotFound(err)
}

// isGone asks the API server, too: a pod may have reported before the cache has heard of it.
func (r *Reconciler) isGone(ctx context.Context, p *pass, name string) (bool, error) {
	if slices.ContainsFunc(p.pods, func(pod corev1.Pod) bool { return pod.Name == name }) {
		return false, nil
	}
	err := r.Applier.Live.Get(ctx, client.ObjectKey{Namespace: p.server.Namespace, Name: name}, &corev1.Pod{})
	if client.IgnoreNotFound(err) != nil {
		return false, fmt.Errorf("read Pod %s/%s: %w", p.server.Namespace, name, err)
	}
	return err != nil, nil
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
