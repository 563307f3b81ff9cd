package directory

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// retryUnavailable is when to come again after the store could not be used.
const retryUnavailable = 30 * time.Second

// ErrMoving means that the tenant is kept still for a move, or belongs to another server. It is no fault.
var ErrMoving = errors.New("the tenant is moving")

// retryMoving is when to come again while a tenant is kept still for a move.
const retryMoving = 2 * time.Second

// fault turns an error of the store into what the client is told. Others stay as they are.
func (c *Call) fault(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrNotFound):
		return c.notFound()
	case errors.Is(err, store.ErrPosition):
		return scimerr.BadRequest(scimerr.ExpiredCursor, "cursor: the place that it stands for is gone: begin again with an empty cursor")
	case errors.Is(err, store.ErrNotOwner):
		return scimerr.Unavailable(fmt.Errorf("%w: %w", ErrMoving, err), retryMoving, "the tenant is moving to another server, nothing was changed: try again")
	case errors.Is(err, store.ErrUnknownOutcome):
		return scimerr.Unavailable(err, retryUnavailable, "the connection to the database broke, and the change may have been made or not: repeat it")
	case errors.Is(err, store.ErrUnavailable):
		return scimerr.Unavailable(err, retryUnavailable, "the directory cannot be used now, nothing was changed: try again later")
	}
	if taken, ok := errors.AsType[*store.UniquenessError](err); ok {
		return scimerr.Uniqueness("%s: the value is in use by another %s", taken.Attribute, c.Type.Name)
	}
	return err
}

// notFound names what may be an id of this server. Anything else in a URL may be anything.
func (c *Call) notFound() error {
	if !plausibleID(c.ID) {
		return scimerr.NotFound("%s not found", c.Type.Name)
	}
	return scimerr.NotFound("%s %s not found", c.Type.Name, c.ID)
}

// plausibleID says whether a client's text may be repeated in an error, which others than the client may see: it is short,
// and no name or address of a person.
func plausibleID(id string) bool {
	const most = 64
	return len(id) <= most && strings.IndexFunc(id, isNoIDRune) < 0
}

func isNoIDRune(r rune) bool {
	return r != '-' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
}
