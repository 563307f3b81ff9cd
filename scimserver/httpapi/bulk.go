package httpapi

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/scim-operator/scim-operator/scimserver/bulk"
	"github.com/scim-operator/scim-operator/scimserver/directory"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
)

// bulk performs many operations in one request (RFC 7644 §3.7). Each is atomic in itself, and counts for nothing in the
// tenant's rate.
func (x *exchange) bulk() error {
	body, err := x.readBody()
	if err != nil {
		return err
	}
	if err := wantSchema(body, bulk.RequestSchema); err != nil {
		return err
	}
	req, err := bulk.Parse(body)
	if err != nil {
		return err
	}
	x.appendOutcomes(req.Run(x.r.Context(), x.perform))
	x.intent = http.StatusOK
	return x.send()
}

// perform does one operation as if it were a request of its own.
func (x *exchange) perform(ctx context.Context, op bulk.Operation) bulk.Outcome {
	c, err := x.bulkCall(op)
	if err != nil {
		return x.refused(err, c)
	}
	var ans directory.Answer
	var status int
	switch op.Method {
	case http.MethodPost:
		status, err = http.StatusCreated, x.h.Directory.Create(ctx, &c, op.Data, &ans)
	case http.MethodPut:
		status, err = http.StatusOK, x.h.Directory.Replace(ctx, &c, op.Data, &ans)
	case http.MethodPatch:
		status, err = http.StatusOK, x.h.Directory.Patch(ctx, &c, op.Data, &ans)
	default:
		status, err = http.StatusNoContent, x.h.Directory.Delete(ctx, &c)
	}
	if err != nil {
		return x.refused(err, c)
	}
	return bulk.Outcome{Status: status, ID: c.ID, Location: c.Location(), Version: ans.Version}
}

// refused is the outcome of an error; a resource that was to be created has no location.
func (x *exchange) refused(err error, c directory.Call) bulk.Outcome {
	e := x.public(err)
	if e.Status >= http.StatusInternalServerError {
		x.logFault(err)
	}
	kind, summary := kindOf(err)
	x.refusals = append(x.refusals, Refusal{e, kind, summary})
	out := bulk.Outcome{Status: e.Status, Err: e}
	if c.ID != "" {
		out.Location = c.Location()
	}
	return out
}

// bulkCall finds what the path of an operation names.
func (x *exchange) bulkCall(op bulk.Operation) (c directory.Call, err error) {
	endpoint, id, _ := strings.Cut(strings.TrimPrefix(op.Path, "/"), "/")
	rt, ok := x.tenant.Directory.Schemas.ResourceType("/" + endpoint)
	switch post := op.Method == http.MethodPost; {
	case !ok:
		return c, scimerr.InvalidValue("path: does not begin with the endpoint of a resource type")
	case post && id != "":
		return c, scimerr.InvalidValue("path: POST goes to the endpoint of a resource type, without an id")
	case !post && id == "":
		return c, scimerr.InvalidValue("path: %s needs an id behind the endpoint", op.Method)
	}
	if id, err = url.PathUnescape(id); err != nil {
		return c, scimerr.InvalidValue("path: invalid URL escape")
	}
	c = directory.Call{Tenant: x.tenant.Directory, Type: rt, ID: id, Tolerance: x.tol, NoBody: true, RequestID: x.id, Start: x.start}
	if op.Version != "" {
		c.Conditions.Match = directory.ParseTags([]string{op.Version})
	}
	return c, nil
}

func (x *exchange) appendOutcomes(outcomes []bulk.Outcome) {
	b := append(x.ans.Body, `{"schemas":["`+bulk.ResponseSchema+`"],"Operations":[`...)
	for i, o := range outcomes {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendOutcome(b, o)
	}
	x.ans.Body = append(b, "]}"...)
}

func appendOutcome(b []byte, o bulk.Outcome) []byte {
	b = append(b, `{"method":`...)
	b = resource.AppendString(b, o.Method)
	b = appendOptional(b, "bulkId", o.BulkID)
	b = appendOptional(b, "location", o.Location)
	if o.Version > 0 {
		b = appendOptional(b, "version", string(directory.AppendTag(nil, o.Version)))
	}
	b = appendOptional(b, "status", strconv.Itoa(o.Status))
	if o.Err != nil {
		b = o.Err.AppendJSON(append(b, `,"response":`...))
	}
	return append(b, '}')
}

func appendOptional(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	b = append(append(append(b, `,"`...), name...), `":`...)
	return resource.AppendString(b, value)
}
