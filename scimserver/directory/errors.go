package directory

import (
	"errors"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// retryUnavailable is when to come again after the store could not be used.
const retryUnavailable = 30 * time.Second

// fault turns an error of the store into what the client is told. Others stay as they are.
func (c *Call) fault(err error) error {
	var taken *store.UniquenessError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrNotFound):
		return scimerr.NotFound("%s %s not found", c.Type.Name, c.ID)
	case errors.As(err, &taken):
		return scimerr.Uniqueness("%s: the value is in use by another %s", taken.Attribute, c.Type.Name)
	case errors.Is(err, store.ErrUnavailable):
		return scimerr.Unavailable(err, retryUnavailable, "the directory cannot be used now, nothing was changed: try again later")
	}
	return err
}
