package compile

import (
	"fmt"

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

// first returns the first finding of a chain of checks.
func first[F any](facts F, checks ...func(F) Finding) Finding {
	for _, check := range checks {
		if f := check(facts); !f.OK() {
			return f
		}
	}
	return Finding{}
}
