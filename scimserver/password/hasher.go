package password

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"

	"golang.org/x/crypto/argon2"
)

// Cost of one hash: the least that OWASP's Password Storage Cheat Sheet advises, about 40 ms of one core.
const (
	memory  = 19 << 10 // KiB
	passes  = 2
	threads = 1
	saltLen = 16
	sumLen  = 32
)

// atOnce is how many hashes are made at the same time, whatever number of requests waits: each takes 19 MiB.
const atOnce = 2

// MaxBytes is the length of the longest password.
const MaxBytes = 1024

// ErrTooLong is a password of more than MaxBytes.
var ErrTooLong = fmt.Errorf("longer than %d bytes", MaxBytes)

// Hasher makes hashes. It is safe for concurrent use; one for the whole program bounds what hashes take of its memory.
type Hasher struct{ slots chan struct{} }

// NewHasher makes a Hasher.
func NewHasher() *Hasher { return &Hasher{slots: make(chan struct{}, atOnce)} }

// Hash returns the hash of a password in the form of PHC strings, with a salt of its own: $argon2id$v=19$m=19456,t=2,p=1$…$….
// It waits for its turn, but not longer than ctx. Errors: ErrTooLong.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltLen)
	_, _ = rand.Read(salt) // never fails
	sum, err := h.sum(ctx, password, salt)
	if err != nil {
		return "", err
	}
	encode := base64.RawStdEncoding.EncodeToString
	return form + encode(salt) + "$" + encode(sum), nil
}

// Matches says whether a hash is that of the password. Errors: ErrTooLong; a hash that Hash has not made.
func (h *Hasher) Matches(ctx context.Context, hash, password string) (bool, error) {
	salt, want, err := parse(hash)
	if err != nil {
		return false, err
	}
	sum, err := h.sum(ctx, password, salt)
	return subtle.ConstantTimeCompare(sum, want) == 1, err
}

func (h *Hasher) sum(ctx context.Context, password string, salt []byte) ([]byte, error) {
	if len(password) > MaxBytes {
		return nil, ErrTooLong
	}
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-h.slots }()
	return argon2.IDKey([]byte(password), salt, passes, memory, threads, sumLen), nil
}

// form begins every hash; others are none of ours.
var form = fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$", argon2.Version, memory, passes, threads)

var errForm = errors.New("not a password hash of this program")

func parse(hash string) (salt, sum []byte, err error) {
	const saltText, sumText = 22, 43 // lengths in base64 without padding
	if len(hash) != len(form)+saltText+1+sumText || hash[:len(form)] != form || hash[len(form)+saltText] != '$' {
		return nil, nil, errForm
	}
	salt, saltErr := base64.RawStdEncoding.DecodeString(hash[len(form) : len(form)+saltText])
	sum, sumErr := base64.RawStdEncoding.DecodeString(hash[len(form)+saltText+1:])
	if saltErr != nil || sumErr != nil {
		return nil, nil, errForm
	}
	return salt, sum, nil
}
