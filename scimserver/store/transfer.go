package store

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The kinds of rows, in the order in which they are dumped and loaded: each refers to earlier ones only.
const (
	RowResource    = "resource"
	RowMembership  = "membership"
	RowMember      = "member"
	RowEvent       = "event"
	RowLog         = "log"
	RowIntent      = "intent"
	RowWork        = "work"
	RowOffboarding = "offboarding"
	RowState       = "state"
	RowStream      = "stream"
	RowPurge       = "purge"
)

// RowKinds are all of them, in order.
var RowKinds = []string{
	RowResource, RowMembership, RowMember, RowEvent, RowLog, RowIntent, RowWork, RowOffboarding, RowState, RowStream, RowPurge,
}

// Transfer carries tenants from one database to another, with all that the store keeps of them and as it keeps it: ids,
// versions, times, orders, sequences, passwords' hashes. Cursors of lists alone are not good in the other database.
type Transfer interface {
	// Dump calls yield for each row of the tenant on one snapshot, in the order of RowKinds: users, then groups, each in the order of
	// their creation, events and log rows by sequence, the others by key. yield must not use the store.
	Dump(ctx context.Context, tenant string, yield func(Row) error) error

	// Rows calls yield for those rows of a kind that have one of the keys, on one snapshot and in the order of the keys. Unknown
	// keys are passed over.
	Rows(ctx context.Context, tenant, kind string, keys []string, yield func(Row) error) error

	// Load removes rows and puts rows, in one transaction, and may be repeated. A resource that is new goes behind all others; one
	// that is there keeps its place in the order. A unique value that another row has is taken from that one, which must be
	// loaded again; so must memberships of resources that were removed. Memberships of resources that are not there are left out.
	Load(ctx context.Context, tenant string, remove []RowKey, rows []Row) error
}

// RowKey names a row of a tenant.
type RowKey struct {
	Kind string `json:"kind"`
	Key  string `json:"key"`
}

// Row is one row of a tenant. Of the pointers that one is set which belongs to the kind. Times are milliseconds since 1970.
type Row struct {
	RowKey
	Resource    *ResourceRow    `json:"resource,omitempty"`    // Key: its id
	Members     []string        `json:"members,omitempty"`     // of the group Key, in the order of their addition
	Member      *MemberRow      `json:"member,omitempty"`      // Key: its id
	Event       *EventRow       `json:"event,omitempty"`       // Key: its sequence
	Log         *LogEntryRow    `json:"log,omitempty"`         // Key: its sequence
	Intent      *IntentRow      `json:"intent,omitempty"`      // Key: its id
	Offboarding *OffboardingRow `json:"offboarding,omitempty"` // Key: when
	State       *StateRow       `json:"state,omitempty"`       // Key: its name
	Stream      *StreamRow      `json:"stream,omitempty"`      // Key: StreamKey
	// Work has only a Key: the user's id. Purge too: the uid.
}

// StreamKey is the key of the one RowStream.
const StreamKey = "events"

// ResourceRow is a resource.
type ResourceRow struct {
	Type       string   `json:"type"`
	Version    int64    `json:"version"`
	Created    int64    `json:"created"`
	Modified   int64    `json:"modified"`
	Active     int64    `json:"active"` // Inactive, Active or Unstated
	Name       string   `json:"name,omitempty"`
	NameUnique bool     `json:"nameUnique,omitempty"`
	Display    string   `json:"display,omitempty"`
	ExternalID string   `json:"externalId,omitempty"`
	Keys       []RowVal `json:"keys,omitempty"`
	Password   string   `json:"password,omitempty"` // hash
	Doc        []byte   `json:"doc"`
}

// RowVal is an indexed value.
type RowVal struct {
	Path  string `json:"path"`
	Value string `json:"value"`
}

// MemberRow is a member of the application, with its holds.
type MemberRow struct {
	UserID     string    `json:"userId,omitempty"`
	Active     bool      `json:"active,omitempty"`
	Role       string    `json:"role,omitempty"`
	Fields     []byte    `json:"fields,omitempty"`
	Groups     []byte    `json:"groups,omitempty"`
	Sequence   int64     `json:"sequence,omitempty"`
	UserName   string    `json:"userName,omitempty"`
	ExternalID string    `json:"externalId,omitempty"`
	Pending    []byte    `json:"pending,omitempty"`
	Created    int64     `json:"created"`
	Modified   int64     `json:"modified"`
	Keys       []RowVal  `json:"keys,omitempty"`
	Holds      []HoldRow `json:"holds,omitempty"`
}

// HoldRow is a hold of a member.
type HoldRow struct {
	Name    string `json:"name"`
	Reason  string `json:"reason"`
	Created int64  `json:"created"`
}

// EventRow is an event.
type EventRow struct {
	MemberID  string `json:"memberId"`
	Type      string `json:"type"`
	Created   int64  `json:"created"`
	Delivered bool   `json:"delivered,omitempty"`
	Parked    bool   `json:"parked,omitempty"`
	Attempts  int    `json:"attempts,omitempty"`
	LastError string `json:"lastError,omitempty"`
	Due       *int64 `json:"due,omitempty"`  // of a pending one that waits for no other
	Next      int64  `json:"next,omitempty"` // sequence of the one that waits for this one
	Body      []byte `json:"body"`
}

// LogEntryRow is a row of the provisioning log.
type LogEntryRow struct {
	Time    int64  `json:"time"`
	UserID  string `json:"userId,omitempty"`
	Subject int64  `json:"subject,omitempty"`
	Entry   []byte `json:"entry"`
}

// IntentRow is an intent.
type IntentRow struct {
	MemberID string `json:"memberId"`
	UserID   string `json:"userId"`
	Created  int64  `json:"created"`
	Sequence int64  `json:"sequence"`
	Body     []byte `json:"body"`
}

// OffboardingRow is how many off-boardings were booked at a time.
type OffboardingRow struct {
	Total int64 `json:"total"`
}

// StateRow is a value that SetState keeps.
type StateRow struct {
	Value []byte `json:"value"`
}

// StreamRow is where the numbers of a tenant's events and log rows stand.
type StreamRow struct {
	Epoch  string `json:"epoch"` // part of the events' IDs
	Last   int64  `json:"last"`
	Pruned int64  `json:"pruned"`
	Logs   int64  `json:"logs"`
}

// RowSum is the checksum of a row.
type RowSum struct {
	RowKey
	Type string   // of a resource
	Sum  [16]byte // of SHA-256 over the row's JSON
}

// Sum returns the checksum of the row.
func (r *Row) Sum() (s RowSum, err error) {
	text, err := json.Marshal(r)
	if err != nil {
		return s, fmt.Errorf("checksum of %s %s: %w", r.Kind, r.Key, err)
	}
	sum := sha256.Sum256(text)
	s.RowKey = r.RowKey
	if r.Resource != nil {
		s.Type = r.Resource.Type
	}
	copy(s.Sum[:], sum[:])
	return s, nil
}

// Sums calls yield for the checksum of each row that t dumps.
func Sums(ctx context.Context, t Transfer, tenant string, yield func(RowSum) error) error {
	return t.Dump(ctx, tenant, func(r Row) error {
		s, err := r.Sum()
		if err != nil {
			return err
		}
		return yield(s)
	})
}

// ResourceRowOf is the row of a record with all its Keys. password is the hash.
func ResourceRowOf(r Record, password string) Row {
	return Row{RowKey: RowKey{RowResource, r.ID}, Resource: &ResourceRow{
		Type: r.Type, Version: r.Version, Created: r.Created.UnixMilli(), Modified: r.Modified.UnixMilli(), Active: r.Activity(),
		Name: r.Keys.Name, NameUnique: r.Keys.NameUnique && r.Keys.Name != "", Display: r.Keys.Display, ExternalID: r.Keys.ExternalID,
		Keys: RowVals(r.Keys.Values), Password: password, Doc: r.Doc,
	}}
}

// Record is the reverse of ResourceRowOf.
func (r *Row) Record() Record {
	x := r.Resource
	return Record{
		Type: x.Type, ID: r.Key, Version: x.Version, Created: rowTime(x.Created), Modified: rowTime(x.Modified),
		Active: x.Active != Inactive, Doc: x.Doc,
		Keys: Keys{Name: x.Name, NameUnique: x.NameUnique, Display: x.Display, ExternalID: x.ExternalID,
			Active: x.Active == Active, Values: rowKeys(x.Keys)},
	}
}

// MemberRowOf is the row of a member with all its Keys, and its holds.
func MemberRowOf(m MemberRecord, holds []Hold) Row {
	row := &MemberRow{
		UserID: m.UserID, Active: m.Active, Role: m.Role, Fields: m.Fields, Groups: m.Groups, Sequence: m.Sequence,
		UserName: m.UserName, ExternalID: m.ExternalID, Pending: m.Pending,
		Created: m.Created.UnixMilli(), Modified: m.Modified.UnixMilli(), Keys: RowVals(m.Keys),
	}
	for _, h := range holds {
		row.Holds = append(row.Holds, HoldRow{Name: h.Name, Reason: h.Reason, Created: h.Created.UnixMilli()})
	}
	slices.SortFunc(row.Holds, func(a, b HoldRow) int { return strings.Compare(a.Name, b.Name) })
	return Row{RowKey: RowKey{RowMember, m.ID}, Member: row}
}

// MemberRecord is the reverse of MemberRowOf.
func (r *Row) MemberRecord() (m MemberRecord, holds []Hold) {
	x := r.Member
	for _, h := range x.Holds {
		holds = append(holds, Hold{MemberID: r.Key, Name: h.Name, Reason: h.Reason, Created: rowTime(h.Created)})
	}
	return MemberRecord{
		ID: r.Key, UserID: x.UserID, Active: x.Active, Role: x.Role, Fields: x.Fields, Groups: x.Groups, Sequence: x.Sequence,
		UserName: x.UserName, ExternalID: x.ExternalID, Pending: x.Pending,
		Created: rowTime(x.Created), Modified: rowTime(x.Modified), Keys: rowKeys(x.Keys),
	}, holds
}

// EventRowOf is the row of an event; next is the sequence of the one that waits for it, 0: none.
func EventRowOf(e Event, next int64) Row {
	row := &EventRow{
		MemberID: e.MemberID, Type: e.Type, Created: e.Created.UnixMilli(), Delivered: e.Delivered, Parked: e.Parked,
		Attempts: e.Attempts, LastError: e.LastError, Next: next, Body: e.Body,
	}
	if !e.NextAttempt.IsZero() {
		due := e.NextAttempt.UnixMilli()
		row.Due = &due
	}
	return Row{RowKey: RowKey{RowEvent, RowNumber(e.Sequence)}, Event: row}
}

// EventOf is the reverse of EventRowOf, without the ID.
func (r *Row) EventOf(sequence int64) (e Event, next int64) {
	x := r.Event
	e = Event{
		Sequence: sequence, MemberID: x.MemberID, Type: x.Type, Created: rowTime(x.Created), Body: x.Body,
		Delivered: x.Delivered, Parked: x.Parked, Attempts: x.Attempts, LastError: x.LastError,
	}
	if x.Due != nil {
		e.NextAttempt = rowTime(*x.Due)
	}
	return e, x.Next
}

// LogRowOf is the row of an entry of the log.
func LogRowOf(r LogRow) Row {
	return Row{RowKey: RowKey{RowLog, RowNumber(r.Sequence)}, Log: &LogEntryRow{
		Time: r.Time.UnixMilli(), UserID: r.UserID, Subject: r.Subject, Entry: r.Entry,
	}}
}

// IntentRowOf is the row of an intent.
func IntentRowOf(i Intent) Row {
	return Row{RowKey: RowKey{RowIntent, i.ID}, Intent: &IntentRow{
		MemberID: i.MemberID, UserID: i.UserID, Created: i.Created.UnixMilli(), Sequence: i.Sequence, Body: i.Body,
	}}
}

// IntentOf is the reverse of IntentRowOf.
func (r *Row) IntentOf() Intent {
	x := r.Intent
	return Intent{ID: r.Key, MemberID: x.MemberID, UserID: x.UserID, Created: rowTime(x.Created), Sequence: x.Sequence, Body: x.Body}
}

// RowNumber is the key of a row that has a number.
func RowNumber(n int64) string { return strconv.FormatInt(n, 10) }

// Number is the reverse of RowNumber.
func (k RowKey) Number() (int64, error) {
	n, err := strconv.ParseInt(k.Key, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("key of %s: %w", k.Kind, err)
	}
	return n, nil
}

func rowTime(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// RowVals are the values, each once and in an order of their own.
func RowVals(keys []Key) []RowVal {
	if len(keys) == 0 {
		return nil
	}
	vals := make([]RowVal, len(keys))
	for i, k := range keys {
		vals[i] = RowVal{Path: k.Path, Value: k.Value}
	}
	slices.SortFunc(vals, func(a, b RowVal) int {
		return strings.Compare(a.Path+"\x00"+a.Value, b.Path+"\x00"+b.Value)
	})
	return slices.Compact(vals)
}

func rowKeys(vals []RowVal) (keys []Key) {
	for _, v := range vals {
		keys = append(keys, Key{Path: v.Path, Value: v.Value})
	}
	return keys
}

// Check tells what is wrong with a row that came from elsewhere.
func (r *Row) Check() error {
	has := map[string]bool{
		RowResource: r.Resource != nil && r.Resource.Type != "", RowMembership: len(r.Members) > 0, RowMember: r.Member != nil,
		RowEvent: r.Event != nil, RowLog: r.Log != nil, RowIntent: r.Intent != nil, RowWork: true, RowOffboarding: r.Offboarding != nil,
		RowState: r.State != nil, RowStream: r.Stream != nil && r.Stream.Epoch != "", RowPurge: true,
	}
	if r.Key == "" || !has[r.Kind] {
		return fmt.Errorf("row of kind %.40q with key %.80q is incomplete or of a newer version", r.Kind, r.Key)
	}
	switch r.Kind {
	case RowEvent, RowLog, RowOffboarding:
		if n, err := r.Number(); err != nil || n <= 0 && r.Kind != RowOffboarding || n >= 1<<40 && r.Kind != RowOffboarding {
			return fmt.Errorf("row of kind %s: %.40q is no sequence", r.Kind, r.Key)
		}
	}
	return nil
}
