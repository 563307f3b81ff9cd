package httpapi

import (
	"net/http"
	"strconv"

	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
)

// mountDiscovery serves what a client can learn of the tenant (RFC 7644 §4).
func (h *handler) mountDiscovery() {
	h.mount("/ServiceProviderConfig", methods{get: discovery((*exchange).serviceProviderConfig)})
	h.mount("/ResourceTypes", methods{get: discovery((*exchange).resourceTypes)})
	h.mount("/ResourceTypes/{type}", methods{get: discovery((*exchange).resourceType)})
	h.mount("/Schemas", methods{get: discovery((*exchange).schemas)})
	h.mount("/Schemas/{urn}", methods{get: discovery((*exchange).schema)})
}

// discovery refuses a filter, as RFC 7644 §4 has it; other parameters of a query mean nothing here.
func discovery(next endpoint) endpoint {
	return func(x *exchange) error {
		q, err := x.urlQuery()
		if err != nil {
			return err
		}
		if q.hasFilter {
			return scimerr.New(http.StatusForbidden, scimerr.None, "filter: is not allowed at a discovery endpoint")
		}
		x.intent = http.StatusOK
		return next(x)
	}
}

func (x *exchange) resourceTypes() error {
	return sendList(x, x.tenant.Directory.Schemas.Types())
}

func (x *exchange) schemas() error {
	return sendList(x, x.tenant.Directory.Schemas.Schemas())
}

func (x *exchange) resourceType() error {
	rt, ok := x.tenant.Directory.Schemas.ResourceType(x.r.PathValue("type"))
	if !ok {
		return scimerr.NotFound("ResourceType not found")
	}
	return x.sendDocument(rt)
}

func (x *exchange) schema() error {
	s, ok := x.tenant.Directory.Schemas.SchemaByID(x.r.PathValue("urn"))
	if !ok {
		return scimerr.NotFound("Schema not found")
	}
	return x.sendDocument(s)
}

// document is a schema or a resource type.
type document interface {
	AppendJSON(dst []byte, base string) []byte
}

var (
	_ document = (*schema.Schema)(nil)
	_ document = (*schema.ResourceType)(nil)
)

func (x *exchange) sendDocument(d document) error {
	x.ans.Body = d.AppendJSON(x.ans.Body, x.tenant.Directory.URL)
	return x.send()
}

func sendList[D document](x *exchange, docs []D) error {
	n := strconv.Itoa(len(docs))
	b := append(x.ans.Body, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":`...)
	b = append(append(append(append(b, n...), `,"startIndex":1,"itemsPerPage":`...), n...), `,"Resources":[`...)
	for i, d := range docs {
		if i > 0 {
			b = append(b, ',')
		}
		b = d.AppendJSON(b, x.tenant.Directory.URL)
	}
	x.ans.Body = append(b, "]}"...)
	return x.send()
}
