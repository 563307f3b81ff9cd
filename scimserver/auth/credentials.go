package auth

import (
	"net/http"
	"strings"

	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// Identity is who a request comes from.
type Identity struct {
	Credential string // for logs, no personal data: the id of a bearer token, or the issuer of a signed one
	Subject    string // the claim sub of a signed token, which may name a user (RFC 7644 §3.11); "": nobody
}

// Credentials are what a tenant accepts: bearer tokens that it knows, and tokens that its issuers have signed.
type Credentials struct {
	bearer *Bearer
	signed *JWT // nil: no signed tokens
}

// NewCredentials puts both kinds together; signed may be nil.
func NewCredentials(bearer *Bearer, signed *JWT) *Credentials {
	return &Credentials{bearer: bearer, signed: signed}
}

// Authenticate says whose credential the request carries. The error is a *scimerr.Error: 401, or 503 where the keys of an
// issuer cannot be had.
func (c *Credentials) Authenticate(r *http.Request, tol *tolerance.Log) (credential, subject string, err error) {
	presented, err := fromHeader(r.Header, tol)
	if err != nil {
		return "", "", err
	}
	id, err := c.bearer.check(presented)
	if err == nil || c.signed == nil || !looksSigned(presented) {
		return id, "", err
	}
	who, err := c.signed.Verify(r.Context(), presented)
	return who.Credential, who.Subject, err
}

// looksSigned tells a JWS in compact form from what an operator or an administrator makes up.
func looksSigned(token string) bool { return strings.Count(token, ".") == 2 }
