package httpapi

import (
	"net/http"

	"github.com/scim-operator/scim-operator/scimserver/directory"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// mountResources serves the resource types. A tenant may lack one of them, and then answers 404.
func (h *handler) mountResources() {
	for _, name := range []string{"/Users", "/Groups"} {
		h.mount(name, methods{
			get:  typed(name, (*exchange).list),
			post: typed(name, (*exchange).create),
		})
		h.mount(name+"/.search", methods{post: typed(name, (*exchange).searchType)})
		h.mount(name+"/{id}", methods{
			get:    typed(name, (*exchange).get),
			put:    typed(name, (*exchange).replace),
			patch:  typed(name, (*exchange).patch),
			delete: typed(name, (*exchange).delete),
		})
	}
	h.mount("", methods{get: (*exchange).listAll})
	h.mount("/.search", methods{post: (*exchange).searchAll})
	h.mount("/Bulk", methods{post: (*exchange).bulk})
	h.mountMe()
}

// typed finds the resource type of a route.
func typed(endpoint string, next func(*exchange, *schema.ResourceType) error) func(*exchange) error {
	return func(x *exchange) error {
		rt, ok := x.tenant.Directory.Schemas.ResourceType(endpoint)
		if !ok {
			return scimerr.NotFound("this tenant has no resource type at %s", endpoint)
		}
		return next(x, rt)
	}
}

func (x *exchange) create(rt *schema.ResourceType) error {
	body, _, err := x.prepare(rt, true)
	if err != nil {
		return err
	}
	x.intent = http.StatusCreated
	return x.finish(x.h.Directory.Create(x.r.Context(), &x.call, body, &x.ans))
}

func (x *exchange) get(rt *schema.ResourceType) error {
	if _, _, err := x.prepare(rt, false); err != nil {
		return err
	}
	if err := x.enterShare(); err != nil {
		return err
	}
	x.intent = http.StatusOK
	return x.finish(x.h.Directory.Get(x.r.Context(), &x.call, &x.ans))
}

func (x *exchange) replace(rt *schema.ResourceType) error {
	body, _, err := x.prepare(rt, true)
	if err != nil {
		return err
	}
	x.intent = http.StatusOK
	return x.finish(x.h.Directory.Replace(x.r.Context(), &x.call, body, &x.ans))
}

// patch answers a user with 200 and the user, a group with 204: its members may be many, and clients read nothing of
// them here. With the parameter attributes RFC 7644 §3.5.2 asks for 200 and the attributes.
func (x *exchange) patch(rt *schema.ResourceType) error {
	body, q, err := x.prepare(rt, true)
	if err != nil {
		return err
	}
	x.intent = http.StatusOK
	if rt.Name == "Group" && q.attributes == "" {
		x.call.NoBody = true
		x.intent = http.StatusNoContent
	}
	return x.finish(x.h.Directory.Patch(x.r.Context(), &x.call, body, &x.ans))
}

func (x *exchange) delete(rt *schema.ResourceType) error {
	if _, _, err := x.prepare(rt, false); err != nil {
		return err
	}
	x.intent = http.StatusNoContent
	return x.finish(x.h.Directory.Delete(x.r.Context(), &x.call))
}

// prepare makes x.call from the request and reads the body, if it has one.
func (x *exchange) prepare(rt *schema.ResourceType, hasBody bool) (body *resource.Object, q query, err error) {
	if q, err = x.urlQuery(); err != nil {
		return nil, q, err
	}
	if err := x.checkFilter(&q); err != nil {
		return nil, q, err
	}
	if x.call, err = x.newCall(rt, &q); err != nil {
		return nil, q, err
	}
	x.call.ID = x.r.PathValue("id")
	x.call.Conditions = directory.Conditions{
		Match:     directory.ParseTags(x.r.Header["If-Match"]),
		NoneMatch: directory.ParseTags(x.r.Header["If-None-Match"]),
	}
	if hasBody {
		body, err = x.readBody()
	}
	return body, q, err
}

// checkFilter looks at a filter where it has nothing to select from.
func (x *exchange) checkFilter(q *query) error {
	reads := x.r.Method == http.MethodGet || x.r.Method == http.MethodHead
	if !q.hasFilter || reads || x.tol.Allow(tolerance.FilterElsewhere) {
		return nil
	}
	return scimerr.BadFilter("filter: belongs to GET and to searches alone")
}

func (x *exchange) newCall(rt *schema.ResourceType, q *query) (c directory.Call, err error) {
	c = directory.Call{Tenant: x.tenant.Directory, Type: rt, Tolerance: x.tol, RequestID: x.id, Start: x.start}
	if q.attributes != "" && q.excluded != "" && !x.tol.Allow(tolerance.BothProjections) {
		return c, scimerr.InvalidValue("attributes and excludedAttributes: give one of them")
	}
	if q.attributes != "" || q.excluded != "" || rt.HasOnRequest() {
		c.Projection, err = resource.ParseProjection(rt, q.attributes, q.excluded)
	}
	return c, err
}

// finish sends what a use case has answered.
func (x *exchange) finish(err error) error {
	if err != nil {
		return err
	}
	if x.ans.Unchanged {
		x.intent = http.StatusNotModified
	}
	return x.send()
}
