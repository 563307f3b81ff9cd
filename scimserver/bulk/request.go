package bulk

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
)

// The schemas of the two messages.
const (
	RequestSchema  = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
	ResponseSchema = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
)

// MaxOperations is how many operations a request may have.
const MaxOperations = 1000

// Request is a bulk request.
type Request struct {
	FailOnErrors int // stop after this many errors, 0: never
	Operations   []Operation
}

// Operation is one of its operations.
type Operation struct {
	Method  string // POST, PUT, PATCH or DELETE
	Path    string // "/Users" for a POST, else "/Users/{id}"
	BulkID  string // what others call the resource of a POST, "": nothing
	Version string // entity tag for If-Match, "": any
	Data    *resource.Object
	invalid error
}

// Parse reads the body of a bulk request. An operation that is wrong in itself is no error: it gets its own answer when
// its turn comes. Errors: 400; 413 for too many operations.
func Parse(body *resource.Object) (*Request, error) {
	r := &Request{}
	if v, ok := body.Get("failOnErrors"); ok && !v.IsNull() {
		n, err := strconv.Atoi(v.Text())
		if err != nil || n < 0 || v.Kind() != resource.KindNumber {
			return nil, scimerr.InvalidValue("failOnErrors: want a whole number, at least 1")
		}
		r.FailOnErrors = n
	}
	ops, ok := body.Get("Operations")
	if !ok || ops.Kind() != resource.KindArray {
		return nil, scimerr.InvalidSyntax("Operations: want an array of operations")
	}
	if n := len(ops.Elems()); n > MaxOperations {
		return nil, scimerr.New(http.StatusRequestEntityTooLarge, scimerr.None,
			"%d operations are more than the limit of %d (maxOperations): send several requests", n, MaxOperations)
	}
	for _, v := range ops.Elems() {
		r.Operations = append(r.Operations, parseOperation(v))
	}
	return r, r.refuseDoubles()
}

// refuseDoubles: a bulkId that stands for two resources would make each reference to it a guess.
func (r *Request) refuseDoubles() error {
	seen := make(map[string]bool)
	for _, op := range r.Operations {
		if op.BulkID == "" {
			continue
		}
		if seen[op.BulkID] {
			return scimerr.InvalidValue("bulkId %q: stands for more than one operation", op.BulkID)
		}
		seen[op.BulkID] = true
	}
	return nil
}

func parseOperation(v resource.Value) (op Operation) {
	o := v.Object()
	if o == nil {
		op.invalid = scimerr.InvalidSyntax("operation: want an object")
		return op
	}
	op.Method = strings.ToUpper(text(o, "method"))
	op.Path = "/" + strings.Trim(text(o, "path"), "/")
	op.BulkID = text(o, "bulkId")
	op.Version = text(o, "version")
	data, _ := o.Get("data")
	op.Data = data.Object()
	op.invalid = op.check()
	return op
}

func (op *Operation) check() error {
	switch op.Method {
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		if op.Data == nil {
			return scimerr.InvalidValue("data: want an object")
		}
	case http.MethodDelete:
		op.Data = nil
	default:
		return scimerr.InvalidValue("method: want POST, PUT, PATCH or DELETE")
	}
	if op.Method == http.MethodPost && op.BulkID == "" {
		return scimerr.InvalidValue("bulkId: a POST needs one")
	}
	if op.Method != http.MethodPost {
		op.BulkID = ""
	}
	return nil
}

func text(o *resource.Object, name string) string {
	v, _ := o.Get(name)
	if v.Kind() != resource.KindString {
		return ""
	}
	return v.Text()
}
