package member

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// change is what becomes of one member: the state before and after, and how the application is told.
type change struct {
	kind   Kind
	typ    string              // of the event; empty: the application is not told
	before *store.MemberRecord // nil: it is new
	after  store.MemberRecord  // of a removed member the state that the application is to leave behind
	action string              // of the application's own
	params map[string]string
	diff   diff
}

// diff is what was found out about the fields, for as long as those after are the same.
type diff struct {
	after []byte // nil: nothing
	old   []oldField
}

// changedFields are the fields that have changed.
func (c *change) changedFields() []oldField {
	if c.diff.after == nil || !bytes.Equal(c.diff.after, c.after.Fields) {
		c.diff = diff{c.after.Fields, changedFields(c.before.Fields, c.after.Fields)}
	}
	return c.diff.old
}

// appendEnvelope appends what the application is sent. It is rendered once and kept: a repeated delivery is byte for byte
// the same.
func (c *change) appendEnvelope(dst []byte, tenant string, sequence int64) []byte {
	dst = appendText(append(dst, '{'), "type", c.typ)
	dst = strconv.AppendInt(append(dst, `,"sequence":`...), sequence, 10)
	dst = append(dst, ',')
	dst = appendText(dst, "tenant", tenant)
	dst = AppendMember(append(dst, `,"member":`...), &c.after)
	dst = c.appendPrevious(append(dst, `,"previous":`...))
	if c.action != "" {
		dst = c.appendAction(append(dst, `,"action":`...))
	}
	return append(dst, '}')
}

// AppendMember appends a member as envelopes and the member list have it.
func AppendMember(dst []byte, m *store.MemberRecord) []byte {
	dst = appendText(append(dst, '{'), "id", m.ID)
	dst = appendText(append(dst, ','), "userName", m.UserName)
	if m.ExternalID != "" {
		dst = appendText(append(dst, ','), "externalId", m.ExternalID)
	}
	dst = strconv.AppendBool(append(dst, `,"active":`...), m.Active)
	dst = appendTextOrNull(append(dst, ','), "role", m.Role)
	if m.Groups != nil {
		dst = append(append(dst, `,"groups":`...), m.Groups...)
	}
	return append(append(append(dst, `,"fields":`...), m.Fields...), '}')
}

func appendText(dst []byte, name, value string) []byte {
	dst = append(append(append(dst, '"'), name...), `":`...)
	return resource.AppendString(dst, value)
}

func appendTextOrNull(dst []byte, name, value string) []byte {
	if value == "" {
		return append(append(append(dst, '"'), name...), `":null`...)
	}
	return appendText(dst, name, value)
}

func (c *change) appendAction(dst []byte) []byte {
	dst = appendText(append(dst, '{'), "name", c.action)
	dst = append(dst, `,"parameters":{`...)
	for i, name := range slices.Sorted(maps.Keys(c.params)) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(resource.AppendString(dst, name), ':')
		dst = resource.AppendString(dst, c.params[name])
	}
	return append(dst, "}}"...)
}

// appendPrevious appends the old values of what has changed; a new member has none.
func (c *change) appendPrevious(dst []byte) []byte {
	dst = append(dst, '{')
	if c.before == nil {
		return append(dst, '}')
	}
	b, a := c.before, &c.after
	sep := func() {
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
	}
	text := func(name, old, now string) {
		if old != now {
			sep()
			dst = appendTextOrNull(dst, name, old)
		}
	}
	text("userName", b.UserName, a.UserName)
	text("externalId", b.ExternalID, a.ExternalID)
	if b.Active != a.Active {
		sep()
		dst = strconv.AppendBool(append(dst, `"active":`...), b.Active)
	}
	text("role", b.Role, a.Role)
	if !bytes.Equal(b.Groups, a.Groups) && b.Groups != nil {
		sep()
		dst = append(append(dst, `"groups":`...), b.Groups...)
	}
	if old := c.changedFields(); len(old) > 0 {
		sep()
		dst = appendFields(append(dst, `"fields":`...), old)
	}
	return append(dst, '}')
}

// oldField is a field that has changed.
type oldField struct {
	name  string
	value resource.Value
}

// changedFields compares two objects of fields. A field that is new was null.
func changedFields(before, after []byte) (old []oldField) {
	if bytes.Equal(before, after) {
		return nil
	}
	b, err := resource.Parse(before)
	if err != nil {
		return nil
	}
	a, err := resource.Parse(after)
	if err != nil {
		return nil
	}
	for name, now := range a.All() {
		if was := b.Value(name); !was.Equal(now) {
			old = append(old, oldField{name, was})
		}
	}
	for name, was := range b.All() {
		if _, ok := a.Get(name); !ok && !was.IsNull() {
			old = append(old, oldField{name, was})
		}
	}
	return old
}

func appendFields(dst []byte, fields []oldField) []byte {
	dst = append(dst, '{')
	for i, f := range fields {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(resource.AppendString(dst, f.name), ':')
		dst = f.value.AppendJSON(dst)
	}
	return append(dst, '}')
}

// changedNames are the names of what has changed, for the provisioning log.
func (c *change) changedNames() (names []string) {
	if c.before == nil {
		return nil
	}
	b, a := c.before, &c.after
	for _, one := range []struct {
		name    string
		changed bool
	}{
		{"userName", b.UserName != a.UserName},
		{"externalId", b.ExternalID != a.ExternalID},
		{"active", b.Active != a.Active},
		{"role", b.Role != a.Role},
		{"groups", !bytes.Equal(b.Groups, a.Groups)},
	} {
		if one.changed {
			names = append(names, one.name)
		}
	}
	for _, f := range c.changedFields() {
		names = append(names, "fields."+f.name)
	}
	return names
}

// same tells whether the application would see no difference.
func same(b, a *store.MemberRecord) bool {
	return b.UserName == a.UserName && b.ExternalID == a.ExternalID && b.Active == a.Active && b.Role == a.Role &&
		bytes.Equal(b.Groups, a.Groups) && bytes.Equal(b.Fields, a.Fields)
}

// Envelope is an event as the application reads it.
type Envelope struct {
	Type     string          `json:"type"`
	Sequence int64           `json:"sequence"`
	Tenant   string          `json:"tenant"`
	Member   EnvelopeMember  `json:"member"`
	Previous json.RawMessage `json:"previous"`
	Action   *EnvelopeAction `json:"action,omitempty"`
}

// EnvelopeMember is the member in an Envelope.
type EnvelopeMember struct {
	ID         string          `json:"id"`
	UserName   string          `json:"userName"`
	ExternalID string          `json:"externalId,omitempty"`
	Active     bool            `json:"active"`
	Role       *string         `json:"role"`
	Groups     []string        `json:"groups,omitempty"` // absent where the mapping does not look at groups
	Fields     json.RawMessage `json:"fields"`
}

// EnvelopeAction is the action in an Envelope.
type EnvelopeAction struct {
	Name       string            `json:"name"`
	Parameters map[string]string `json:"parameters"`
}

// DecodeEnvelope reads the body of an event.
func DecodeEnvelope(body []byte) (Envelope, error) {
	var e Envelope
	if err := json.Unmarshal(body, &e); err != nil {
		return Envelope{}, fmt.Errorf("envelope: %w", err)
	}
	return e, nil
}
