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
		return c.notFound()
	case errors.As(err, &taken):
		return scimerr.Uniqueness("%s: the value is in use by another %s", taken.Attribute, c.Type.Name)
	case errors.Is(err, store.ErrUnavailable):
		return scimerr.Unavailable(err, retryUnavailable, "the directory cannot be used now, nothing was changed: try again later")
	}
	return err
}

// maxNamedID is the longest id that an error repeats.
const maxNamedID = 64

// notFound names what may be an id of this server. Anything else in a URL may be anything.
func (c *Call) notFound() error {
	for _, r := range c.ID {
		if !isIDRune(r) || len(c.ID) > maxNamedID {
			return scimerr.NotFound("%s not found", c.Type.Name)
		}
	}
	return scimerr.NotFound("%s %s not found", c.Type.Name, c.ID)
}

func isIDRune(r rune) bool {
	return r == '-' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
}
