package directory

import (
	"sync"

	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Tenant is one customer's directory. It must not be copied or changed once it is in use.
type Tenant struct {
	Key     string // namespace/name; its data hang on it
	URL     string // …/scim/v2, without a slash at the end
	Schemas *schema.Registry
	Strict  bool // the RFCs to the letter; else every rule of package tolerance is allowed

	// UniqueIdentifier is what the identity provider calls the unique identifier of a user: userName, email or
	// externalId. The schema registry makes filters on it work.
	UniqueIdentifier string

	MaxUsers, MaxGroups int64 // 0: no limit

	KeepPasswords        bool // as hashes; else they are dropped
	IgnoreUnknownMembers bool // leave them out; else the request is refused

	Provisioner Provisioner // nil: nobody is told of changes

	userRoom, groupRoom room

	plan  sync.Once
	plans map[*schema.ResourceType]*plan
}

// Tolerances returns the log for one request.
func (t *Tenant) Tolerances() *tolerance.Log {
	if t.Strict {
		return tolerance.Strict()
	}
	return tolerance.Compatible()
}

// refTo is the URL of a resource (RFC 7643 §2.3.7).
func (t *Tenant) refTo(typ, id string) string {
	if typ == store.TypeGroup {
		return t.URL + "/Groups/" + id
	}
	return t.URL + "/Users/" + id
}
