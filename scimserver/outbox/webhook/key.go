package webhook

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/scim-operator/scim-operator/scimserver/config"
)

// Key is a symmetric signing key: random bytes, 24 to 64 of them.
type Key []byte

// ParseKey reads a key as it is handed out: whsec_ and base64. The error never holds the key.
func ParseKey(text string) (Key, error) {
	key, err := config.ParseSigningKey(strings.TrimSpace(text))
	if err != nil {
		return nil, fmt.Errorf("signing key: %w; make one with: echo whsec_$(openssl rand -base64 32)", err)
	}
	return key, nil
}

// ParseKeys reads the one key, or the two while keys are rotated.
func ParseKeys(texts []string) ([]Key, error) {
	if len(texts) == 0 {
		return nil, errors.New("signing key: there is none")
	}
	keys := make([]Key, len(texts))
	for i, text := range texts {
		key, err := ParseKey(text)
		if err != nil {
			return nil, err
		}
		keys[i] = key
	}
	return keys, nil
}

// NewKey makes a key of 32 bytes from rand.
func NewKey(rand io.Reader) (Key, error) {
	key := make(Key, 32)
	if _, err := io.ReadFull(rand, key); err != nil {
		return nil, fmt.Errorf("signing key: read random bytes: %w", err)
	}
	return key, nil
}

// Encode is the form that ParseKey reads.
func (k Key) Encode() string { return config.SigningKeyPrefix + base64.StdEncoding.EncodeToString(k) }

// String keeps keys out of logs.
func (k Key) String() string { return config.SigningKeyPrefix + "…" }

// GoString keeps keys out of logs.
func (k Key) GoString() string { return k.String() }
