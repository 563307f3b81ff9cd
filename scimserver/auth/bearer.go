package auth

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// Bearer accepts bearer tokens (RFC 6750 §2.1), which it knows by their hashes only.
type Bearer struct {
	tokens []token
	clock  func() time.Time
}

type token struct {
	id       string
	sum      [sha256.Size]byte
	notAfter time.Time // zero: no end
}

// NewBearer makes a Bearer. Without tokens it refuses everybody.
func NewBearer(tokens []config.Token, clock func() time.Time) (*Bearer, error) {
	b := &Bearer{tokens: make([]token, len(tokens)), clock: clock}
	for i, t := range tokens {
		sum, err := hex.DecodeString(t.SHA256)
		if err != nil || len(sum) != sha256.Size {
			return nil, fmt.Errorf("token %s: sha256 is not 64 hexadecimal digits", t.ID)
		}
		b.tokens[i] = token{id: t.ID, sum: [sha256.Size]byte(sum)}
		if t.NotAfter != nil {
			b.tokens[i].notAfter = *t.NotAfter
		}
	}
	return b, nil
}

// check returns the id of a token. The error is a *scimerr.Error of status 401.
func (b *Bearer) check(presented string) (string, error) {
	t := b.find(presented)
	switch {
	case t == nil:
		return "", unauthorized("the bearer token is not valid for this tenant; copy it again from the tenant's credentials Secret")
	case !t.notAfter.IsZero() && !b.clock().Before(t.notAfter):
		return "", unauthorized("the bearer token was replaced by a new one; copy that from the tenant's credentials Secret")
	}
	return t.id, nil
}

// find compares the hash with every token, in a time that tells nothing about any of them.
func (b *Bearer) find(presented string) *token {
	sum := sha256.Sum256([]byte(presented))
	found := -1
	for i := range b.tokens {
		found = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(sum[:], b.tokens[i].sum[:]), i, found)
	}
	if found < 0 {
		return nil
	}
	return &b.tokens[found]
}

// fromHeader takes the token out of the Authorization header. The scheme's case does not matter (RFC 9110 §11.1).
func fromHeader(h http.Header, tol *tolerance.Log) (string, error) {
	values := h.Values("Authorization")
	switch {
	case len(values) == 0:
		return "", unauthorized("the Authorization header is missing; send: Authorization: Bearer <token>")
	case len(values) > 1:
		return "", unauthorized("there is more than one Authorization header")
	}
	value := strings.Trim(values[0], " \t")
	scheme, rest, found := strings.Cut(value, " ")
	switch {
	case found && strings.EqualFold(scheme, "Bearer"):
		return strings.Trim(rest, " \t"), nil
	case found:
		return "", unauthorized("the Authorization scheme is not supported; send: Authorization: Bearer <token>")
	case value == "" || strings.EqualFold(value, "Bearer"):
		return "", unauthorized("the Authorization header holds no token; send: Authorization: Bearer <token>")
	case !tol.Allow(tolerance.BareAuthorization):
		return "", unauthorized("the Authorization header holds no scheme; send: Authorization: Bearer <token>")
	}
	return value, nil
}

func unauthorized(detail string) *scimerr.Error {
	return scimerr.New(http.StatusUnauthorized, scimerr.None, "%s", detail)
}
