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

// Keys is what a resource is found by, and what must be unique. It agrees with the document, as a
// store may answer a filter from either. It is not read back: a Record that the store returns has
// the zero Keys.
type Keys struct {
	Name       string // filter.Fold of userName (User) or displayName (Group)
	NameUnique bool   // no other resource of the type may have this Name
	Display    string // what a reference to the resource shows: displayName, else userName
	ExternalID string // externalId as it is
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

	// BaseURL is the tenant's URL (…/scim/v2), for filters and sorts on meta.location and $ref.
	BaseURL string
}

// Sort orders by one attribute (RFC 7644 §3.4.2.3).
type Sort struct {
	Path       schema.Path
	Descending bool
}

// Page is a part of the result of a Query.
type Page struct {
	Total   int64 // resources that the filter selects, whatever Offset and Limit are
	Records []Record
}
