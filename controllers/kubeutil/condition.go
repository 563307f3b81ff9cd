package kubeutil

import (
	"strings"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
)

// MaxMessage is the length of a condition's message, in bytes; a longer one is cut.
const MaxMessage = 1024

// Conditioned is an object with conditions in its status.
type Conditioned interface {
	client.Object
	StatusConditions() *[]metav1.Condition
}

// SetCondition sets a condition for the object's generation. The time of transition changes with the status alone.
func SetCondition(obj Conditioned, c compile.Condition) {
	meta.SetStatusCondition(obj.StatusConditions(), metav1.Condition{
		Type:               string(c.Type),
		Status:             c.Status,
		Reason:             string(c.Reason),
		Message:            Truncate(c.Message),
		ObservedGeneration: obj.GetGeneration(),
	})
}

// RemoveCondition removes a condition that no longer says anything.
func RemoveCondition(obj Conditioned, t v1alpha1.ConditionType) {
	meta.RemoveStatusCondition(obj.StatusConditions(), string(t))
}

// FindCondition returns the condition, nil if it isn't there.
func FindCondition(obj Conditioned, t v1alpha1.ConditionType) *metav1.Condition {
	return meta.FindStatusCondition(*obj.StatusConditions(), string(t))
}

// IsTrue tells whether the condition is True for the object's current generation.
func IsTrue(obj Conditioned, t v1alpha1.ConditionType) bool {
	c := FindCondition(obj, t)
	return c != nil && c.Status == metav1.ConditionTrue && c.ObservedGeneration == obj.GetGeneration()
}

// Truncate cuts a message to MaxMessage bytes, at the border of a character.
func Truncate(message string) string {
	if len(message) <= MaxMessage {
		return message
	}
	const ellipsis = "…"
	cut := MaxMessage - len(ellipsis)
	for cut > 0 && !utf8.RuneStart(message[cut]) {
		cut--
	}
	return strings.TrimSpace(message[:cut]) + ellipsis
}
