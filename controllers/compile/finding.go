package compile

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

// Finding is why an object is not accepted. The zero Finding: it is.
type Finding struct {
	Reason  v1alpha1.ConditionReason
	Message string // says what to do
}

// OK tells whether nothing was found.
func (f Finding) OK() bool { return f.Reason == "" }

func found(reason v1alpha1.ConditionReason, format string, args ...any) Finding {
	return Finding{Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// Accepted is the condition that follows from the finding; message is for an object with nothing wrong.
func (f Finding) Accepted(message string) Condition {
	if f.OK() {
		return Condition{Type: v1alpha1.ConditionAccepted, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonAccepted, Message: message}
	}
	c := Condition{Type: v1alpha1.ConditionAccepted, Status: metav1.ConditionFalse, Reason: f.Reason, Message: f.Message}
	if f.Reason == v1alpha1.ReasonPending {
		c.Status = metav1.ConditionUnknown
	}
	return c
}

// Condition is a condition without generation and time.
type Condition struct {
	Type    v1alpha1.ConditionType
	Status  metav1.ConditionStatus
	Reason  v1alpha1.ConditionReason
	Message string
}

// first returns the first finding of a chain of checks.
func first[F any](facts F, checks ...func(F) Finding) Finding {
	for _, check := range checks {
		if f := check(facts); !f.OK() {
			return f
		}
	}
	return Finding{}
}
