package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
)

const (
	// maxToken bounds a signed token, in bytes. Those of the known issuers have 1 to 4 KiB.
	maxToken = 16 << 10
	// leeway is how far the clocks of issuer and server may be apart.
	leeway = time.Minute
	// maxSubject bounds a subject, in bytes: no id or name of a user is longer.
	maxSubject = 1024
)

// algorithms are the signatures that are accepted: none by a shared secret, and not "none".
var algorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// Claims says whether the claims of a token whose signature, issuer, audience and time are right are those of somebody who
// may use the tenant. It is called by many requests at once.
type Claims func(claims map[string]any) (bool, error)

// Issuer is one whose signed tokens are accepted (RFC 7519, RFC 9068).
type Issuer struct {
	Name      string   // the exact value of the claim iss
	Audiences []string // the claim aud must hold one of them
	Keys      *KeySet
	Claims    Claims // nil: any
}

// JWT verifies signed tokens. It is safe for concurrent use.
type JWT struct {
	issuers map[string]Issuer
	clock   func() time.Time
}

// NewJWT makes a JWT; of no issuers it is nil, which Credentials takes.
func NewJWT(issuers []Issuer, clock func() time.Time) *JWT {
	if len(issuers) == 0 {
		return nil
	}
	j := &JWT{issuers: make(map[string]Issuer, len(issuers)), clock: clock}
	for _, i := range issuers {
		j.issuers[i.Name] = i
	}
	return j
}

// Verify says whose token it is. The error is a *scimerr.Error: 401, or 503 where the issuer's keys cannot be had.
func (j *JWT) Verify(ctx context.Context, token string) (Identity, error) {
	if len(token) > maxToken {
		return Identity{}, unauthorized(fmt.Sprintf("the token is longer than %d bytes", maxToken))
	}
	signed, err := jose.ParseSignedCompact(token, algorithms)
	if err != nil {
		return Identity{}, refused(err)
	}
	issuer, err := j.issuer(signed)
	if err != nil {
		return Identity{}, err
	}
	payload, err := issuer.Keys.verify(ctx, signed)
	if err != nil {
		return Identity{}, err
	}
	return issuer.identify(payload, j.clock())
}

// refused tells a signature that is not accepted from what is no token at all.
func refused(err error) error {
	if _, ok := errors.AsType[*jose.ErrUnexpectedSignatureAlgorithm](err); ok {
		return unauthorized("the token is signed by an algorithm that is not accepted; use RS256, PS256, ES256 or EdDSA")
	}
	return unauthorized("the bearer token is none of this tenant's, and no signed token (JWT) either")
}

// issuer finds whose keys to try. What the token says of it is proved by the signature only.
func (j *JWT) issuer(signed *jose.JSONWebSignature) (*Issuer, error) {
	var said jwt.Claims
	if err := json.Unmarshal(signed.UnsafePayloadWithoutVerification(), &said); err != nil {
		return nil, unauthorized("the claims of the token cannot be read")
	}
	issuer, ok := j.issuers[said.Issuer]
	if !ok {
		return nil, unauthorized("the token is of an issuer that this tenant does not accept (spec.auth.jwt[].issuer)")
	}
	return &issuer, nil
}

// identify checks the claims of a token whose signature is right.
func (i *Issuer) identify(payload []byte, now time.Time) (Identity, error) {
	var c jwt.Claims
	if err := json.Unmarshal(payload, &c); err != nil {
		return Identity{}, unauthorized("the claims of the token cannot be read")
	}
	if err := i.validate(&c, now); err != nil {
		return Identity{}, err
	}
	if err := i.checkClaims(payload); err != nil {
		return Identity{}, err
	}
	return Identity{Credential: i.Name, Subject: c.Subject}, nil
}

func (i *Issuer) validate(c *jwt.Claims, now time.Time) error {
	err := c.ValidateWithLeeway(jwt.Expected{Issuer: i.Name, AnyAudience: i.Audiences, Time: now}, leeway)
	switch {
	case c.Expiry == nil:
		return unauthorized("the token has no end (claim exp)")
	case errors.Is(err, jwt.ErrExpired):
		return unauthorized("the token has expired; get a new one")
	case errors.Is(err, jwt.ErrNotValidYet), errors.Is(err, jwt.ErrIssuedInTheFuture):
		return unauthorized("the token is not valid yet; compare the clocks of issuer and server")
	case errors.Is(err, jwt.ErrInvalidAudience):
		return unauthorized("the token is for another audience than this tenant's (spec.auth.jwt[].audiences)")
	case err != nil:
		return unauthorized("the claims of the token are not accepted")
	case len(c.Subject) > maxSubject:
		return unauthorized("the subject of the token is too long")
	}
	return nil
}

func (i *Issuer) checkClaims(payload []byte) error {
	if i.Claims == nil {
		return nil
	}
	var all map[string]any
	if err := json.Unmarshal(payload, &all); err != nil {
		return unauthorized("the claims of the token cannot be read")
	}
	ok, err := i.Claims(all)
	if err != nil {
		return scimerr.Wrap(err, http.StatusUnauthorized, scimerr.None, "the claims of the token lack what this tenant asks for (spec.auth.jwt[].claims)")
	}
	if !ok {
		return unauthorized("the claims of the token are not those that this tenant accepts (spec.auth.jwt[].claims)")
	}
	return nil
}
