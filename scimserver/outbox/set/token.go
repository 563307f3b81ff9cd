package set

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/outbox/webhook"
)

// MediaType of a request that holds a token (RFC 8417 §7.2).
const MediaType = "application/secevent+jwt"

// Format is webhook.Format. Tokens are signed with HS256 and the first key, which is what both sides have: the JWS compact
// form has room for one signature, so that while keys are rotated a receiver tries both, or looks at kid.
type Format struct {
	Keys     []webhook.Key
	Audience string
}

// NewFormat is for the endpoint at a URL, whose query may hold a secret and is left out of tokens.
func NewFormat(keys []webhook.Key, endpoint string) (Format, error) {
	u, err := url.Parse(endpoint)
	if err != nil || len(keys) == 0 {
		return Format{}, errors.New("security event token: a URL and a signing key are needed")
	}
	u.RawQuery, u.Fragment, u.User = "", "", nil
	return Format{Keys: keys, Audience: u.String()}, nil
}

// Render implements webhook.Format. Each attempt has the same token.
func (f Format) Render(m webhook.Message, _ time.Time, h http.Header) ([]byte, error) {
	c, err := claims(m, f.Audience)
	if err != nil {
		return nil, err
	}
	payload, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("security event token: %w", err)
	}
	h.Set("Content-Type", MediaType)
	h.Set("Accept", "application/json") // of error bodies: RFC 8935 §2.1
	return sign(f.Keys[0], payload), nil
}

type header struct {
	Type      string `json:"typ"`
	Algorithm string `json:"alg"`
	KeyID     string `json:"kid"`
}

const (
	typ       = "secevent+jwt"
	algorithm = "HS256"
)

var b64 = base64.RawURLEncoding

// KeyID is the kid of tokens that the key signs: the beginning of its SHA-256.
func KeyID(key webhook.Key) string {
	sum := sha256.Sum256(key)
	return b64.EncodeToString(sum[:6])
}

func sign(key webhook.Key, payload []byte) []byte {
	head, err := json.Marshal(header{Type: typ, Algorithm: algorithm, KeyID: KeyID(key)})
	if err != nil {
		panic(err) // three strings
	}
	token := b64.AppendEncode(nil, head)
	token = b64.AppendEncode(append(token, '.'), payload)
	return b64.AppendEncode(append(token, '.'), mac(key, token))
}

func mac(key webhook.Key, signed []byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write(signed)
	return m.Sum(nil)
}

// Error is why a receiver refuses a token; Code is that of RFC 8935 §2.4. It answers 400 with it as JSON.
type Error struct {
	Code        string `json:"err"`
	Description string `json:"description"`
}

func (e *Error) Error() string { return "security event token: " + e.Code + ": " + e.Description }

// Verify is the receiver's side: it returns the claims of a token that one of the keys has signed, for the audience. A
// receiver that has seen Claims.ID already has nothing to do but answer 202. The error is an *Error.
func Verify(keys []webhook.Key, audience string, token []byte) (Claims, error) {
	parts := bytes.Split(token, []byte("."))
	if len(parts) != 3 {
		return Claims{}, &Error{"invalid_request", "the body is not a token of three parts"}
	}
	var h header
	if err := decode(parts[0], &h); err != nil || !strings.EqualFold(h.Type, typ) {
		return Claims{}, &Error{"invalid_request", "the token's typ is not " + typ}
	}
	if h.Algorithm != algorithm {
		return Claims{}, &Error{"invalid_key", "the token's alg is not " + algorithm}
	}
	if !signedByOne(keys, token[:len(token)-len(parts[2])-1], parts[2]) {
		return Claims{}, &Error{"invalid_key", "none of the keys has signed the token"}
	}
	var c Claims
	if err := decode(parts[1], &c); err != nil || c.ID == "" || len(c.Events) == 0 || c.Subject.URI == "" {
		return Claims{}, &Error{"invalid_request", "claims are missing or malformed"}
	}
	if c.Audience != audience {
		return Claims{}, &Error{"invalid_audience", "the token is for somebody else"}
	}
	return c, nil
}

func signedByOne(keys []webhook.Key, signed, signature []byte) bool {
	got, err := b64.Strict().DecodeString(string(signature))
	if err != nil {
		return false
	}
	for _, key := range keys {
		if len(key) > 0 && hmac.Equal(got, mac(key, signed)) {
			return true
		}
	}
	return false
}

func decode(part []byte, into any) error {
	text, err := b64.DecodeString(string(part))
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}
