package kubeutil

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

// Recorder writes Events.
type Recorder interface {
	Eventf(regarding, related runtime.Object, eventtype, reason, action, note string, args ...any)
}

// RecordTransitions writes an Event for each of the conditions that has become True, that was True and is not, or that is
// False for another reason than before. It is called once for each change of the status, so Events are as rare as those.
func RecordTransitions(r Recorder, before, after Conditioned, types ...v1alpha1.ConditionType) {
	for _, t := range types {
		was, is := FindCondition(before, t), FindCondition(after, t)
		if is == nil || !notable(was, is) || (t == v1alpha1.ConditionAccepted && expected(was, is) && slices.Contains(types, v1alpha1.ConditionReady)) {
			continue
		}
		kind := corev1.EventTypeNormal
		if is.Status != metav1.ConditionTrue {
			kind = corev1.EventTypeWarning
		}
		r.Eventf(after, nil, kind, is.Reason, "Set"+is.Type, "%s", is.Message)
	}
}

func notable(was, is *metav1.Condition) bool {
	wasTrue := was != nil && was.Status == metav1.ConditionTrue
	switch is.Status {
	case metav1.ConditionTrue:
		return !wasTrue
	case metav1.ConditionFalse:
		// What hangs on acceptance has no news of its own while an object is set up.
		own := is.Type == string(v1alpha1.ConditionAccepted) || is.Type == string(v1alpha1.ConditionDelivering) ||
			strings.HasPrefix(is.Reason, v1alpha1.ReasonPrefixDatabase)
		return wasTrue || (own && (was == nil || was.Reason != is.Reason))
	}
	return false
}

// expected tells that an object is found valid that nothing was said against. Of one that becomes ready then, that is told.
func expected(was, is *metav1.Condition) bool {
	return is.Status == metav1.ConditionTrue && (was == nil || was.Status == metav1.ConditionUnknown)
}

// SameCondition tells whether both objects have a condition with the same status, reason and generation.
func SameCondition(a, b Conditioned, t v1alpha1.ConditionType) bool {
	x := meta.FindStatusCondition(*a.StatusConditions(), string(t))
	y := meta.FindStatusCondition(*b.StatusConditions(), string(t))
	if x == nil || y == nil {
		return x == y
	}
	return x.Status == y.Status && x.Reason == y.Reason && x.ObservedGeneration == y.ObservedGeneration
}
