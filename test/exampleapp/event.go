package exampleapp

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Event is the envelope of a change.
type Event struct {
	Type     string          `json:"type"`
	Sequence int64           `json:"sequence"` // later ones hold later states
	Tenant   string          `json:"tenant"`
	Member   Member          `json:"member"` // after the change
	Previous json.RawMessage `json:"previous,omitempty"`
	Action   *Action         `json:"action,omitempty"`
}

// Member is what the application is told of one.
type Member struct {
	ID         string         `json:"id"`
	UserName   string         `json:"userName"`
	ExternalID string         `json:"externalId,omitempty"`
	Active     bool           `json:"active"`
	Role       string         `json:"role,omitempty"`
	Groups     []string       `json:"groups"`
	Fields     map[string]any `json:"fields"`
}

// Action is an action of the application's own, for a member who leaves or comes back.
type Action struct {
	Name       string            `json:"name"`
	Parameters map[string]string `json:"parameters,omitempty"`
}

// The actions that the inventory has.
const (
	UnassignDevices      = "UnassignDevices"
	ChangePolicy         = "ChangePolicy" // parameter: policy
	RemoveUserAndDevices = "RemoveUserAndDevices"
)

func decodeEvent(body []byte) (Event, error) {
	var e Event
	if err := json.Unmarshal(body, &e); err != nil {
		return Event{}, fmt.Errorf("event: %w", err)
	}
	if e.Type == "" || e.Member.ID == "" || e.Tenant == "" {
		return Event{}, errors.New("event: type, tenant and member.id are needed")
	}
	return e, nil
}

// offboards tells whether access ends by the event.
func (e Event) offboards() bool {
	return e.Type == "member.deactivated" || e.Type == "member.removed" || e.Type == "member.action"
}
