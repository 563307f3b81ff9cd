package directory

import (
	"time"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// Call is one use of a resource, or of a resource type.
type Call struct {
	Tenant     *Tenant
	Type       *schema.ResourceType
	ID         string // of the resource; empty for Create and List
	Tolerance  *tolerance.Log
	Projection resource.Projection
	Conditions Conditions
	NoBody     bool // the client wants no representation after a change

	RequestID string    // for the provisioning log
	Start     time.Time // of the request

	changes Changes  // of the transaction that is running
	changed bool     // it was committed
	named   []string // ids of those that are to join or to leave the group
}

// Location is the URL of the resource.
func (c *Call) Location() string { return c.location(c.ID) }

func (c *Call) location(id string) string { return c.Tenant.URL + c.Type.Endpoint + "/" + id }

// holds tells whether resources of the type have an attribute that the answer wants.
func (c *Call) holds(attribute string) bool {
	_, ok := c.Type.Lookup("", attribute, "")
	return ok && c.Projection.Wants(attribute)
}

// SpillBytes is the size of Body from which on an Answer spills: more than a page of users takes.
const SpillBytes = 1 << 20

// Answer is what a use case produces: the facts for the headers, then the body in pieces.
type Answer struct {
	Version     int64  // of the resource, 0: none
	Location    string // of the resource
	Unchanged   bool   // If-None-Match names the present version: no body
	Body        []byte // what has not been spilled
	Spill       func(*Answer) error
	spilledOnce bool
}

// Spilled tells whether a part of the body has been sent, so that nothing of the answer can be changed any more.
func (a *Answer) Spilled() bool { return a.spilledOnce }

// Reset makes the Answer ready for another use case; it keeps the memory of Body, and Spill.
func (a *Answer) Reset() { *a = Answer{Body: a.Body[:0], Spill: a.Spill} }

// mayPause sends what there is if it is much. Spill sends Body and empties it; without a Spill the Body grows.
func (a *Answer) mayPause() error {
	if a.Spill == nil || len(a.Body) < SpillBytes {
		return nil
	}
	a.spilledOnce = true
	return a.Spill(a)
}
