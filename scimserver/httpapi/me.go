package httpapi

import (
	"net/http"

	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
)

// mountMe serves /Me, another name of the user whom the credential names (RFC 7644 §3.11). Nobody creates himself there.
func (h *handler) mountMe() {
	h.mount("/Me", methods{
		get:    me((*exchange).get),
		put:    me((*exchange).replace),
		patch:  me((*exchange).patch),
		delete: me((*exchange).delete),
		any:    func(*exchange) error { return notMe("this method is not supported") },
	})
}

// me finds the user. The header Location of every answer from then on tells where the user really is.
func me(next func(*exchange, *schema.ResourceType) error) endpoint {
	return func(x *exchange) error {
		if x.subject == "" {
			return notMe("the credential names no user")
		}
		rt, ok := x.tenant.Directory.Schemas.ResourceType("/Users")
		if !ok {
			return notMe("this tenant has no users")
		}
		id, err := x.h.Directory.FindSubject(x.r.Context(), x.tenant.Directory, rt, x.subject)
		if err != nil {
			return err
		}
		x.r.SetPathValue("id", id)
		x.set("Location", x.tenant.Directory.URL+rt.Endpoint+"/"+id)
		return next(x, rt)
	}
}

func notMe(why string) error {
	return scimerr.New(http.StatusNotImplemented, scimerr.None, "/Me: %s", why)
}
