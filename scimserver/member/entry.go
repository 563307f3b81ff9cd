package member

import (
	"encoding/json"
	"fmt"
	"time"
)

// Entry is one entry of the provisioning log, as it is stored. It holds no values of a user: what is never written need
// not be masked by whoever reads it, copies the database or restores a backup. Who is meant shows in the SCIM id, and in
// Label as far as a person can be told from others by it.
type Entry struct {
	Time      time.Time `json:"time"`
	RequestID string    `json:"requestId,omitempty"`

	// What was asked: the method of the identity provider on a resource, or what else caused the entry.
	Operation  string   `json:"operation"` // POST, PUT, PATCH, DELETE; Groups, Remap, Application, Hold, Recovery
	Resource   string   `json:"resource,omitempty"`
	ResourceID string   `json:"resourceId,omitempty"`
	UserID     string   `json:"userId,omitempty"`
	Label      string   `json:"label,omitempty"` // of the user: "a…@example.com"
	Tolerances []string `json:"tolerances,omitempty"`
	Ignored    []string `json:"ignored,omitempty"` // attributes that were left out

	// What was decided, and why.
	Decision Kind     `json:"decision"`
	Reasons  []string `json:"reasons,omitempty"`
	MemberID string   `json:"memberId,omitempty"`
	Event    int64    `json:"event,omitempty"`  // sequence
	Fields   []string `json:"fields,omitempty"` // names of what has changed

	// A refusal.
	Reason   string `json:"reason,omitempty"` // one word
	Status   int    `json:"status,omitempty"` // what the identity provider was answered
	Detail   string `json:"detail,omitempty"`
	NextStep string `json:"nextStep,omitempty"`
	Count    int64  `json:"count,omitempty"` // of the refusals that the entry stands for, where it is not about a single one

	// What the application said, where it was asked before the change.
	Answer *Answer `json:"answer,omitempty"`

	DurationMS float64 `json:"durationMs"` // from the request to the decision
}

// Answer is what the application said.
type Answer struct {
	Status     int     `json:"status,omitempty"` // of HTTP; 0: there was none
	Refused    bool    `json:"refused,omitempty"`
	Detail     string  `json:"detail,omitempty"`
	DurationMS float64 `json:"durationMs"`
}

// DecodeEntry reads what a store.LogRow holds.
func DecodeEntry(data []byte) (Entry, error) {
	var e Entry
	if err := json.Unmarshal(data, &e); err != nil {
		return Entry{}, fmt.Errorf("entry of the provisioning log: %w", err)
	}
	return e, nil
}
