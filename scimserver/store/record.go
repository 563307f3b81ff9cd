package store

import (
	"time"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
)

// The types of the resources that Counts counts, and whose keys the store knows how to search.
const (
	TypeUser  = "User"
	TypeGroup = "Group"
)

// Record is a resource as it is stored.
type Record struct {
	Type     string    // name of the resource type: "User", "Group"
	ID       string    // unique within the tenant, over all types; UUIDs are stored in 16 bytes
	Version  int64     // 1 at creation, set by the store
	Created  time.Time // UTC, milliseconds
	Modified time.Time // UTC, milliseconds
	Active   bool      // false exactly when the document's active is false
	Doc      []byte    // canonical JSON without id, meta, groups and members
	Keys     Keys
}

// What a document says of being active, as tables and rows have it.
const (
	Inactive = iota
	Active
	Unstated // it says nothing, which counts as active
)

// Activity is Inactive, Active or Unstated. The record needs its Keys.
func (r *Record) Activity() int64 {
	switch {
	case !r.Active:
		return Inactive
	case r.Keys.Active:
		return Active
	}
	return Unstated
}

// Keys is what a resource is found by, and what must be unique. It agrees with the document, as a
// store may answer a filter from either. It is not read back: a Record that the store returns has
// the zero Keys.
type Keys struct {
	Name       string // filter.Fold of userName (User) or displayName (Group)
	NameUnique bool   // no other resource of the type may have this Name
	Display    string // what a reference to the resource shows: displayName, else userName
	ExternalID string // externalId as it is
	Active     bool   // the document says active true, and not just nothing
	Values     []Key  // further indexed or unique values; of a User every emails.value but empty ones
}

// Key is an indexed value of an attribute.
type Key struct {
	Path   string // "emails.value", or the path of an attribute with a uniqueness rule
	Value  string // folded where the attribute is not case-exact
	Unique bool   // no other resource of the type may have this Value at this Path
}

// Member is a member of a group.
type Member struct {
	ID      string
	Type    string // of the member: TypeUser, TypeGroup
	Display string // Keys.Display of the member
}

// GroupRef names a group that holds a member.
type GroupRef struct {
	ID          string
	DisplayName string
}

// Counts is the size of a tenant.
type Counts struct {
	Users       int64
	ActiveUsers int64
	Groups      int64

	Members       int64 // of the application
	ActiveMembers int64
}

// Query selects and orders resources of one type.
type Query struct {
	Type   string
	Filter filter.Expr // nil selects all
	Sort   *Sort       // nil: in the order of creation, which also breaks ties
	Offset int64       // resources to skip
	Limit  int         // resources to return at most; 0 returns none, just the total
	Walk   *Walk       // pages by position and not by Offset, which then counts for nothing

	// BaseURL is the tenant's URL (…/scim/v2), for filters and sorts on meta.location and $ref.
	BaseURL string

	// Transient allows a View to return a page that is valid until its function returns, and not longer. It spares the store
	// the memory of a page for each call.
	Transient bool
}

// Sort orders by one attribute (RFC 7644 §3.4.2.3).
type Sort struct {
	Path       schema.Path
	Descending bool
}

// Walk pages by position: behind a resource that an earlier page ended with, or before the one that it began with, whether
// or not that is still there. What others insert and delete meanwhile moves nothing, so that every resource which is selected
// during the whole walk, and whose sort value stays, is met exactly once. A page costs the same wherever it lies, if the
// order has an index; see the doc of the store.
type Walk struct {
	From     []byte // First or Last of an earlier page of the same Filter and Sort; nil: where the walk begins
	Backward bool   // the page before From, and not the one behind it; it is in the Query's order all the same
	Total    int64  // Total of an earlier page, which is not counted again; 0: none
}

// Page is a part of the result of a Query.
type Page struct {
	Total   int64 // resources that the filter selects, whatever Offset and Limit are
	Records []Record

	// Of a Walk with a Limit: the positions of the first and the last record, and whether there are resources beyond the page in the
	// direction of the walk. Positions mean something to the store alone, and may hold a sort value.
	First, Last []byte
	More        bool
}
