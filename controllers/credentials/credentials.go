package credentials

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"time"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

var tokenIDForm = regexp.MustCompile(`^[0-9A-Za-z._-]+$`)

// Facts are what a server's configuration needs of a credentials Secret.
type Facts struct {
	TokenID   string
	Hash      string // config.HashToken of the token
	IssuedAt  time.Time
	ExpiresAt time.Time // zero: the token doesn't end
}

// Parse reads the data of a credentials Secret. The error names the key that is wrong.
func Parse(data map[string][]byte) (Facts, error) {
	token := string(data[v1alpha1.SecretKeyToken])
	if err := config.AcceptToken(token); err != nil {
		return Facts{}, fmt.Errorf("key %s: %w", v1alpha1.SecretKeyToken, err)
	}
	f := Facts{TokenID: string(data[v1alpha1.SecretKeyTokenID]), Hash: config.HashToken(token)}
	if len(f.TokenID) > 64 || !tokenIDForm.MatchString(f.TokenID) {
		return Facts{}, fmt.Errorf("key %s is missing or has other characters than letters, digits and . _ -", v1alpha1.SecretKeyTokenID)
	}
	var err error
	if f.IssuedAt, err = parseTime(data, v1alpha1.SecretKeyIssuedAt); err != nil {
		return Facts{}, err
	}
	if _, ok := data[v1alpha1.SecretKeyExpiresAt]; !ok {
		return f, nil
	}
	f.ExpiresAt, err = parseTime(data, v1alpha1.SecretKeyExpiresAt)
	return f, err
}

func parseTime(data map[string][]byte, key string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, string(data[key]))
	if err != nil {
		return time.Time{}, fmt.Errorf("key %s is not a time in RFC 3339", key)
	}
	return t, nil
}

// Cause is why a token was issued.
type Cause string

// Causes.
const (
	Kept     Cause = ""         // it was not
	Created  Cause = "Created"  // there was none, or an unusable one
	Brought  Cause = "Brought"  // the admin's token is new
	Rotated  Cause = "Rotated"  // somebody asked for it
	Expired  Cause = "Expired"  // its time had come
	Replaced Cause = "Replaced" // the operator generates again what the admin has brought before
)

// Request is what is to be decided on.
type Request struct {
	Current map[string][]byte // data of the Secret as it is, nil if there is none
	URL     string            // the tenant's base URL, "" for feed credentials
	Feeds   string            // addresses of member feeds, "" for a tenant's credentials
	// NoToken: the identity provider brings signed tokens, and the Secret holds the base URL alone.
	NoToken bool
	// Brought is the token that the admin brings, checked by CheckBrought; "": the operator generates it.
	Brought string
	// WasBrought tells whether the current token is one that an admin has brought.
	WasBrought bool
	// Every is the life of a generated token, 0: unlimited.
	Every time.Duration
	// Rotate: somebody asks for a new token.
	Rotate bool
	Now    time.Time
	Rand   io.Reader
}

// Next returns the data that the Secret should have, and why its token is another one than before.
func Next(r Request) (map[string][]byte, Cause, error) {
	if r.NoToken {
		return map[string][]byte{v1alpha1.SecretKeyBaseURL: []byte(r.URL)}, Kept, nil
	}
	facts, err := Parse(r.Current)
	cause := r.cause(facts, err)
	token := string(r.Current[v1alpha1.SecretKeyToken])
	if cause != Kept {
		generated, id, err := config.NewToken(r.Rand)
		if err != nil {
			return nil, Kept, err
		}
		token, facts = generated, Facts{TokenID: id, IssuedAt: r.Now.UTC().Truncate(time.Second)}
	}
	if r.Brought != "" {
		token = r.Brought
	}
	return r.data(token, facts), cause, nil
}

func (r Request) cause(current Facts, invalid error) Cause {
	switch {
	case r.Brought != "":
		if invalid != nil || config.HashToken(r.Brought) != current.Hash {
			return Brought
		}
		return Kept
	case invalid != nil:
		return Created
	case r.WasBrought:
		return Replaced
	case r.Rotate:
		return Rotated
	case r.Every > 0 && !r.Now.Before(current.IssuedAt.Add(r.Every)):
		return Expired
	}
	return Kept
}

func (r Request) data(token string, f Facts) map[string][]byte {
	out := map[string]string{
		v1alpha1.SecretKeyToken:         token,
		v1alpha1.SecretKeyAuthorization: "Bearer " + token,
		v1alpha1.SecretKeyTokenID:       f.TokenID,
		v1alpha1.SecretKeyIssuedAt:      f.IssuedAt.UTC().Format(time.RFC3339),
	}
	if r.URL != "" {
		out[v1alpha1.SecretKeyBaseURL] = r.URL
	}
	if r.Feeds != "" {
		out[v1alpha1.SecretKeyFeeds] = r.Feeds
	}
	if r.Every > 0 && r.Brought == "" {
		out[v1alpha1.SecretKeyExpiresAt] = f.IssuedAt.Add(r.Every).UTC().Format(time.RFC3339)
	}
	data := make(map[string][]byte, len(out))
	for key, value := range out {
		data[key] = []byte(value)
	}
	return data
}

// CheckBrought checks the Secret in which an admin brings a token, and returns the token. The error tells what to do.
func CheckBrought(data map[string][]byte) (string, error) {
	value, ok := data[v1alpha1.SecretKeyToken]
	if !ok {
		return "", fmt.Errorf("it has no key %s; put the token there", v1alpha1.SecretKeyToken)
	}
	token := string(value)
	if n := len(token); n > 0 && (token[n-1] == '\n' || token[n-1] == '\r') {
		return "", errors.New("its token ends with a line break; write the token without one (printf instead of echo)")
	}
	if err := config.AcceptToken(token); err != nil {
		return "", fmt.Errorf("its %w", err)
	}
	return token, nil
}

// Same tells whether two Secrets' data are equal.
func Same(a, b map[string][]byte) bool {
	return maps.EqualFunc(a, b, func(x, y []byte) bool { return string(x) == string(y) })
}
