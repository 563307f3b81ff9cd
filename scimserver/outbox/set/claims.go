package set

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/scim-operator/scim-operator/scimserver/outbox/webhook"
)

// Event URIs of RFC 9967 §2.4, and our own for what it has no word for.
const (
	CreateNotice = "urn:ietf:params:scim:event:prov:create:notice"
	PatchNotice  = "urn:ietf:params:scim:event:prov:patch:notice"
	Delete       = "urn:ietf:params:scim:event:prov:delete"
	Activate     = "urn:ietf:params:scim:event:prov:activate"
	Deactivate   = "urn:ietf:params:scim:event:prov:deactivate"
	Action       = "https://scim-operator.io/event/action"
)

// Claims of a token. There is no sub (RFC 9967 §2.1) and no exp (RFC 8417 §2.2): what has happened does not expire.
type Claims struct {
	Issuer   string           `json:"iss"` // URL of the tenant's member feed
	Audience string           `json:"aud"` // the webhook's URL without its query
	IssuedAt int64            `json:"iat"`
	ID       string           `json:"jti"` // the same in each attempt
	Txn      string           `json:"txn"`
	Subject  Subject          `json:"sub_id"`
	Events   map[string]Event `json:"events"`
}

// Subject is a subject identifier of the format scim (RFC 9967 §2.1). Issuer and URI together are where the member can be
// read.
type Subject struct {
	Format     string `json:"format"`
	URI        string `json:"uri"`
	ExternalID string `json:"externalId,omitempty"`
	ID         string `json:"id,omitempty"`
}

// Event is what is said of one event. A notice has Attributes: names of what has changed, and never values.
type Event struct {
	Version    string            `json:"version,omitempty"` // ETag: the sequence of the event
	Attributes []string          `json:"attributes,omitzero"`
	Name       string            `json:"name,omitempty"` // of an action
	Parameters map[string]string `json:"parameters,omitempty"`
}

// envelope is what is read of an event's body.
type envelope struct {
	Type     string `json:"type"`
	Sequence int64  `json:"sequence"`
	Member   struct {
		ID         string `json:"id"`
		ExternalID string `json:"externalId"`
	} `json:"member"`
	Previous map[string]json.RawMessage `json:"previous"`
	Action   *struct {
		Name       string            `json:"name"`
		Parameters map[string]string `json:"parameters"`
	} `json:"action"`
}

// claims are those of a message, for an audience.
func claims(m webhook.Message, audience string) (Claims, error) {
	var e envelope
	if err := json.Unmarshal(m.Body, &e); err != nil {
		return Claims{}, fmt.Errorf("security event token: %w", err)
	}
	if e.Member.ID == "" {
		return Claims{}, fmt.Errorf("security event token: the event names no member")
	}
	events, err := e.events(m.Body)
	if err != nil {
		return Claims{}, err
	}
	return Claims{
		Issuer: m.Source, Audience: audience, IssuedAt: m.Created.Unix(), ID: m.ID, Txn: m.ID, Events: events,
		Subject: Subject{Format: "scim", URI: "/members/" + e.Member.ID, ExternalID: e.Member.ExternalID, ID: e.Member.ID},
	}, nil
}

func (e *envelope) events(body []byte) (map[string]Event, error) {
	version := `W/"` + strconv.FormatInt(e.Sequence, 10) + `"`
	plain, notice := Event{Version: version}, Event{Version: version, Attributes: changed(e.Previous)}
	switch e.Type {
	case "member.created":
		all, err := attributes(body)
		return map[string]Event{CreateNotice: {Version: version, Attributes: all}}, err
	case "member.updated":
		return map[string]Event{PatchNotice: notice}, nil
	case "member.deactivated":
		return also(map[string]Event{Deactivate: plain}, notice), nil
	case "member.reactivated":
		events := map[string]Event{Activate: plain}
		if e.Action != nil {
			events[Action] = e.action(version)
		}
		return also(events, notice), nil
	case "member.removed":
		return map[string]Event{Delete: {}}, nil // RFC 9967 §2.4.4: nothing is said of it
	case "member.action":
		return also(map[string]Event{Action: e.action(version)}, notice), nil
	}
	return nil, fmt.Errorf("security event token: there is no event for the type %q", e.Type)
}

// action is what the application is to do.
func (e *envelope) action(version string) Event {
	if e.Action == nil {
		return Event{Version: version}
	}
	return Event{Version: version, Name: e.Action.Name, Parameters: e.Action.Parameters}
}

// also adds a notice of what else has changed, beside whether the member is active.
func also(events map[string]Event, notice Event) map[string]Event {
	notice.Attributes = slices.DeleteFunc(notice.Attributes, func(name string) bool { return name == "active" })
	if len(notice.Attributes) > 0 {
		events[PatchNotice] = notice
	}
	return events
}

// attributes are the names of all that a member has.
func attributes(body []byte) ([]string, error) {
	var e struct {
		Member map[string]json.RawMessage `json:"member"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return nil, fmt.Errorf("security event token: %w", err)
	}
	return changed(e.Member), nil
}

// changed are the names in an object, those of the application's fields as fields.NAME, in order.
func changed(object map[string]json.RawMessage) []string {
	names := []string{}
	for name, value := range object {
		var fields map[string]json.RawMessage
		if name != "fields" || json.Unmarshal(value, &fields) != nil {
			names = append(names, name)
			continue
		}
		for field := range fields {
			names = append(names, "fields."+field)
		}
	}
	slices.Sort(names)
	return names
}
