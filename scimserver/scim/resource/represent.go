package resource

import (
	"time"

	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
)

// Meta is the common attribute meta (RFC 7643 §3.1).
type Meta struct {
	ResourceType          string
	Created, LastModified time.Time
	Version               int64 // shown as the weak ETag W/"n"
	Location              string
}

// Extra is an attribute kept outside the document, already encoded: groups or members.
type Extra struct {
	Name string
	JSON []byte
}

// AppendResource appends the full representation of a stored document, which is spliced and not decoded.
func AppendResource(dst, doc []byte, id string, meta Meta, extra ...Extra) []byte { return dst }

// Projection selects attributes of an answer by attributes, excludedAttributes (RFC 7644 §3.9) and the returned characteristic.
type Projection struct{}

// ParseProjection reads the two query parameters, comma-separated. Unknown names select nothing.
func ParseProjection(rt *schema.ResourceType, attributes, excluded string) (Projection, error) {
	return Projection{}, nil
}

// Empty says that a stored document may be returned as it is.
func (p Projection) Empty() bool { return true }

// Wants says whether a top-level attribute ("members", "groups") is in the answer, so that it need not be loaded otherwise.
func (p Projection) Wants(name string) bool { return true }

// Apply returns what is to be sent of a full representation; the input stays as it is.
func (p Projection) Apply(rt *schema.ResourceType, o *Object) *Object { return o }
