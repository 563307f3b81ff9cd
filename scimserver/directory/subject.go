package directory

import (
	"context"
	"errors"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// subjectAttributes are what the subject of a credential may be besides an id, in the order of the attempts.
var subjectAttributes = [...]string{"externalId", "userName"}

// FindSubject returns the id of the user whom a credential means by its subject: the one with that id, else with that
// externalId, else with that userName. Errors: 404, also where several have the externalId.
func (d *Directory) FindSubject(ctx context.Context, t *Tenant, rt *schema.ResourceType, subject string) (id string, err error) {
	c := &Call{Tenant: t, Type: rt}
	err = d.store.View(ctx, t.Key, func(r store.Reader) error {
		rec, err := r.Get(ctx, rt.Name, subject)
		if err == nil {
			id = rec.ID
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		for _, attribute := range subjectAttributes {
			if id, err = c.only(ctx, r, attribute, subject); err != nil || id != "" {
				return err
			}
		}
		return scimerr.NotFound("/Me: no %s has the subject of the credential as its id, externalId or userName", rt.Name)
	})
	return id, c.fault(err)
}

// only returns the id of the one resource whose attribute has the value, "" if there is none. Where there are more, nobody
// can say whom the credential means.
func (c *Call) only(ctx context.Context, r store.Reader, attribute, value string) (string, error) {
	f, err := filter.Parse(attribute+" eq "+string(resource.AppendString(nil, value)), c.Type, nil, filter.Limits{})
	if err != nil {
		return "", scimerr.NotFound("/Me: the subject of the credential is no %s", attribute)
	}
	page, err := r.Find(ctx, store.Query{Type: c.Type.Name, Filter: f, Limit: 2, BaseURL: c.Tenant.URL})
	if err != nil || len(page.Records) == 0 {
		return "", err
	}
	if len(page.Records) > 1 {
		return "", scimerr.NotFound("/Me: more than one %s has the subject of the credential as its %s", c.Type.Name, attribute)
	}
	return page.Records[0].ID, nil
}
