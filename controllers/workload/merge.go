package workload

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	kjson "sigs.k8s.io/json"
)

// merge lays a user's pod template over the generated one, as a strategic merge patch.
func merge(base *corev1ac.PodTemplateSpecApplyConfiguration, overlay *runtime.RawExtension) (*corev1ac.PodTemplateSpecApplyConfiguration, error) {
	if overlay == nil || len(overlay.Raw) == 0 {
		return base, nil
	}
	if err := checkOverlay(overlay.Raw); err != nil {
		return nil, err
	}
	text, err := json.Marshal(base)
	if err != nil {
		return nil, fmt.Errorf("encode the generated pod: %w", err)
	}
	merged, err := strategicpatch.StrategicMergePatch(text, overlay.Raw, corev1.PodTemplateSpec{})
	if err != nil {
		return nil, err
	}
	out := &corev1ac.PodTemplateSpecApplyConfiguration{}
	if err := json.Unmarshal(merged, out); err != nil {
		return nil, err
	}
	keepTolerations(base, out)
	return out, guard(base, out)
}

// keepTolerations brings back the generated tolerations of taints that the user's list, which replaces the whole, does not
// speak of.
func keepTolerations(base, merged *corev1ac.PodTemplateSpecApplyConfiguration) {
	if merged.Spec == nil {
		return
	}
	for i := range base.Spec.Tolerations {
		ours := &base.Spec.Tolerations[i]
		if !slices.ContainsFunc(merged.Spec.Tolerations, func(t corev1ac.TolerationApplyConfiguration) bool {
			return t.Key == nil || *t.Key == *ours.Key // without a key all taints are meant
		}) {
			merged.Spec.WithTolerations(ours)
		}
	}
}

// checkOverlay refuses fields that a pod template doesn't have: a misspelt one would be lost in silence. Directives of a
// strategic merge patch ($patch, $deleteFromPrimitiveList …) are no fields.
func checkOverlay(raw []byte) error {
	var tree any
	if err := json.Unmarshal(raw, &tree); err != nil {
		return err
	}
	if _, ok := tree.(map[string]any); !ok {
		return errors.New("it is not an object")
	}
	text, err := json.Marshal(dropDirectives(tree))
	if err != nil {
		return err
	}
	strict, err := kjson.UnmarshalStrict(text, &corev1.PodTemplateSpec{}, kjson.DisallowUnknownFields)
	return errors.Join(err, errors.Join(strict...))
}

func dropDirectives(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, e := range v {
			if key[:min(1, len(key))] != "$" {
				out[key] = dropDirectives(e)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = dropDirectives(e)
		}
		return out
	}
	return v
}

// guard refuses to lose what the server cannot do without.
func guard(base, merged *corev1ac.PodTemplateSpecApplyConfiguration) error {
	for key, value := range base.Labels {
		if merged.ObjectMetaApplyConfiguration == nil || merged.Labels[key] != value {
			return fmt.Errorf("metadata.labels: %s is the operator's own and stays %q", key, value)
		}
	}
	if merged.Spec != nil {
		for _, c := range merged.Spec.Containers {
			if c.Name != nil && *c.Name == ContainerName {
				return nil
			}
		}
	}
	return fmt.Errorf("spec.containers: container %s is the server and cannot be removed", ContainerName)
}
