package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// who finds out whom a text means: the id of the user, and the hash by which entries about users that never came into
// being are found. A text that is no user's id, userName or externalId is taken as it is.
func (h *handler) who(ctx context.Context, tenant, text string) (userID string, subject int64, err error) {
	err = h.Store.View(ctx, tenant, func(r store.Reader) error {
		rec, err := findUser(ctx, r, text)
		if err == nil {
			userID = rec.ID
		}
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		userID, err = text, nil
	}
	return userID, h.Subject(tenant, text), err
}

// findUser returns the user with the id, the userName or the externalId, or store.ErrNotFound.
func findUser(ctx context.Context, r store.Reader, text string) (store.Record, error) {
	rec, err := r.Get(ctx, store.TypeUser, text)
	if !errors.Is(err, store.ErrNotFound) {
		return rec, err
	}
	expr, err := byName(text)
	if err != nil {
		return rec, err
	}
	page, err := r.Find(ctx, store.Query{Type: store.TypeUser, Filter: expr, Limit: 1})
	switch {
	case err != nil:
		return rec, err
	case len(page.Records) == 0:
		return rec, store.ErrNotFound
	}
	return page.Records[0], nil
}

// users is the resource type that lookups are made with. It has the names that every tenant has.
var users = sync.OnceValues(func() (*schema.ResourceType, error) {
	registry, err := schema.New(schema.Options{})
	if err != nil {
		return nil, err
	}
	rt, _ := registry.ResourceType(store.TypeUser)
	return rt, nil
})

func byName(text string) (filter.Expr, error) {
	rt, err := users()
	if err != nil {
		return nil, err
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		return nil, err
	}
	return filter.Parse(fmt.Sprintf("userName eq %s or externalId eq %s", quoted, quoted), rt, tolerance.Strict(), filter.Limits{})
}
