package webhook

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
)

// keyPrefix marks a symmetric signing key, so that people and scanners recognise one.
const keyPrefix = "whsec_"

// Bounds of a key in bytes, as the specification has them.
const (
	MinKeyBytes = 24
	MaxKeyBytes = 64
)

// Key is a symmetric signing key, MinKeyBytes to MaxKeyBytes random bytes.
type Key []byte

// ParseKey reads a key as it is handed out: whsec_ and base64. The error never holds the key.
func ParseKey(text string) (Key, error) {
	encoded, ok := strings.CutPrefix(strings.TrimSpace(text), keyPrefix)
	if !ok {
		return nil, errors.New("signing key: does not begin with whsec_; make one with: echo whsec_$(openssl rand -base64 32)")
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, errors.New("signing key: what follows whsec_ is not base64")
	}
	if len(key) < MinKeyBytes || len(key) > MaxKeyBytes {
		return nil, fmt.Errorf("signing key: %d bytes, must be %d to %d", len(key), MinKeyBytes, MaxKeyBytes)
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
func (k Key) Encode() string { return keyPrefix + base64.StdEncoding.EncodeToString(k) }

// String keeps keys out of logs.
func (k Key) String() string { return keyPrefix + "…" }

// GoString keeps keys out of logs.
func (k Key) GoString() string { return k.String() }
