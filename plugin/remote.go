package plugin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/workload"
)

// Executor runs a program in a container, with the given streams; a nil In gives it no input. What the program's exit code
// was is in the error, as an ExitError.
type Executor interface {
	Exec(ctx context.Context, namespace, pod, container string, command []string, streams Streams) error
}

// ExitError is the exit code of a program that failed. It has said why itself.
type ExitError int

func (e ExitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// remote runs the administration program in a pod of the tenant's server.
func (s *session) remote() error {
	pod, err := s.pod()
	if err != nil {
		return err
	}
	files, err := s.openFiles()
	if err != nil {
		return err
	}
	command := append([]string{"/scimserver", "admin", s.in.command, "--data", workload.DataDir, "--tenant", s.key()}, files.args...)
	err = s.Executor.Exec(s.ctx, pod.Namespace, pod.Name, workload.ContainerName, command, Streams{In: files.in, Out: files.out, Err: s.Err})
	return errors.Join(err, files.close())
}

// pod is a ready pod of the tenant's server, the first one by name.
func (s *session) pod() (*corev1.Pod, error) {
	namespace, name := s.tenant.ServerKey()
	if bound, boundName, ok := strings.Cut(s.tenant.Annotations[v1alpha1.AnnotationBoundServer], "/"); ok {
		namespace, name = bound, boundName
	}
	var list corev1.PodList
	labels := client.MatchingLabels{v1alpha1.LabelName: v1alpha1.AppName, v1alpha1.LabelServer: name}
	if err := s.Client.List(s.ctx, &list, client.InNamespace(namespace), labels); err != nil {
		return nil, fmt.Errorf("list the pods of SCIMServer %s/%s: %w", namespace, name, err)
	}
	slices.SortFunc(list.Items, func(a, b corev1.Pod) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Name, b.Name))
	})
	if len(list.Items) == 0 || rank(list.Items[0]) == leaving {
		return nil, fmt.Errorf("SCIMServer %s/%s has no running pod; see kubectl describe scimserver %s -n %s", namespace, name, name, namespace)
	}
	return &list.Items[0], nil
}

// Ranks of pods: the best first.
const (
	ready = iota
	running
	leaving
)

func rank(p corev1.Pod) int {
	if p.DeletionTimestamp != nil || p.Status.Phase != corev1.PodRunning {
		return leaving
	}
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
			return ready
		}
	}
	return running
}
