package cursor

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

var (
	// ErrInvalid means a text that is no cursor, or was changed, or was made for another query, or by another key.
	ErrInvalid = errors.New("cursor is invalid")

	// ErrExpired means a cursor that was made too long ago.
	ErrExpired = errors.New("cursor has expired")
)

// MaxLength is the length of the longest cursor that is looked at, in bytes.
const MaxLength = 4 << 10

// KeySize is the length of a key, in bytes.
const KeySize = 32

// format is part of each derived key: cursors of another form are invalid.
const format = "scim-operator cursor 1"

// encoding has but unreserved characters (RFC 3986 §2.3), as RFC 9865 §2 wants it, and one text for each value.
var encoding = base64.RawURLEncoding.Strict()

// Sealer makes cursors and reads them. Those with the same key read each other's. It is safe for concurrent use.
type Sealer struct {
	key      [KeySize]byte
	lifetime time.Duration
}

// NewSealer takes a key of KeySize bytes, and how long cursors live.
func NewSealer(key []byte, lifetime time.Duration) (*Sealer, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("key of cursors: has %d bytes, want %d", len(key), KeySize)
	}
	return &Sealer{key: [KeySize]byte(key), lifetime: lifetime}, nil
}

// Seal makes the cursor of a place in the result of a query, to be used before now and the lifetime.
func (s *Sealer) Seal(q Query, p Place, now time.Time) string {
	plain := binary.BigEndian.AppendUint64(make([]byte, 0, 64+len(p.Position)), uint64(now.Add(s.lifetime).Unix()))
	return encoding.EncodeToString(s.aead(q).Seal(nil, nil, p.append(plain), nil))
}

// Open returns the place of a cursor that was made for the query. ErrInvalid, ErrExpired.
func (s *Sealer) Open(q Query, text string, now time.Time) (Place, error) {
	if len(text) > MaxLength {
		return Place{}, ErrInvalid
	}
	sealed, err := encoding.DecodeString(text)
	if err != nil || encoding.EncodedLen(len(sealed)) != len(text) { // line breaks are skipped in decoding
		return Place{}, ErrInvalid
	}
	plain, err := s.aead(q).Open(nil, nil, sealed, nil)
	if err != nil || len(plain) < 8 {
		return Place{}, ErrInvalid
	}
	p, ok := parsePlace(plain[8:])
	switch ends := int64(binary.BigEndian.Uint64(plain)); {
	case !ok:
		return Place{}, ErrInvalid
	case now.Unix() >= ends:
		return Place{}, ErrExpired
	}
	return p, nil
}

// aead has a key of its own for each query, so that it opens no cursor of another one. With a random nonce a key may seal 2³²
// cursors; no query sees that many.
func (s *Sealer) aead(q Query) cipher.AEAD {
	key, err := hkdf.Expand(sha256.New, s.key[:], format+string(q.parts), KeySize)
	if err != nil {
		panic(err) // the length is one that HKDF makes
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // the length is one that AES takes
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // AES is a cipher that GCM takes
	}
	return aead
}
