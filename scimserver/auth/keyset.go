package auth

import (
	"context"
	"crypto/rsa"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
)

// How long keys are used, and how often they are asked for. A token of an unknown key makes the server look for new keys at
// once, but only so often: anybody can send such tokens.
const (
	refreshAfter = time.Hour        // then keys are fetched again, beside the requests
	staleAfter   = 24 * time.Hour   // then they are not used any more
	betweenLooks = time.Minute      // between two fetches for unknown keys
	afterFailure = 10 * time.Second // between two fetches of which the first has failed
)

// minModulus is the shortest RSA key that is accepted, in bits (RFC 7518 §3.3).
const minModulus = 2048

// KeySet are the keys of an issuer, fetched when they are needed and kept. It is safe for concurrent use.
type KeySet struct {
	fetch func(context.Context) ([]jose.JSONWebKey, error)
	clock func() time.Time

	mu      sync.Mutex
	keys    []jose.JSONWebKey
	fetched time.Time     // when the keys came, zero: never
	asked   time.Time     // when the last fetch ended
	failed  error         // what came of it
	running chan struct{} // closed at the end of the fetch under way, nil: there is none
}

// verify returns the payload of a token that one of the keys has signed.
func (s *KeySet) verify(ctx context.Context, signed *jose.JSONWebSignature) ([]byte, error) {
	header := signed.Signatures[0].Protected
	known, err := s.candidates(ctx, header)
	if err != nil {
		return nil, err
	}
	for i := range known {
		if payload, err := signed.Verify(known[i].Key); err == nil {
			return payload, nil
		}
	}
	if len(known) == 0 {
		return nil, unauthorized("the token is signed by a key that its issuer does not publish")
	}
	return nil, unauthorized("the signature of the token is wrong")
}

// candidates are the keys that may have signed a token; if there are none, new ones are looked for.
func (s *KeySet) candidates(ctx context.Context, header jose.Header) ([]jose.JSONWebKey, error) {
	s.mu.Lock()
	found := s.match(header)
	wait := s.look(len(found) > 0)
	err := s.unusable()
	s.mu.Unlock()
	if wait == nil {
		return found, err
	}
	select {
	case <-wait:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.match(header), s.unusable()
}

// unusable is the error of a set without keys that are fresh enough: nobody can say anything about a token. s.mu is held.
func (s *KeySet) unusable() error {
	if s.fresh() {
		return nil
	}
	return scimerr.Unavailable(s.failed, afterFailure, "the keys of the token's issuer cannot be had now: try again")
}

func (s *KeySet) fresh() bool { return !s.fetched.IsZero() && s.clock().Sub(s.fetched) < staleAfter }

// look starts a fetch where one is due, and returns what to wait for; nil: nothing. s.mu is held.
func (s *KeySet) look(found bool) (wait chan struct{}) {
	var due bool
	now := s.clock()
	switch pause := now.Sub(s.asked); {
	case s.asked.IsZero():
		due = true
	case s.failed != nil:
		enough := found && s.fresh() && now.Sub(s.fetched) < refreshAfter
		due = pause >= afterFailure && !enough
	case !found:
		due = pause >= betweenLooks
	default:
		due = now.Sub(s.fetched) >= refreshAfter
	}
	if due && s.running == nil {
		s.running = make(chan struct{})
		go s.refresh(s.running)
	}
	if found && s.fresh() {
		return nil
	}
	return s.running
}

// refresh fetches, for whoever waits and all who come later; the request that has caused it may end before.
func (s *KeySet) refresh(done chan struct{}) {
	keys, err := s.fetch(context.Background())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked, s.failed = s.clock(), err
	if err == nil {
		s.keys, s.fetched = usable(keys), s.asked
	}
	s.running = nil
	close(done)
}

// match returns the keys that a header may mean. s.mu is held.
func (s *KeySet) match(header jose.Header) (found []jose.JSONWebKey) {
	if !s.fresh() {
		return nil
	}
	for _, k := range s.keys {
		if (header.KeyID == "" || k.KeyID == header.KeyID) && (k.Algorithm == "" || k.Algorithm == header.Algorithm) {
			found = append(found, k)
		}
	}
	return found
}

// usable are the public keys for signatures: never a shared secret, which whoever reads the set would know.
func usable(keys []jose.JSONWebKey) []jose.JSONWebKey {
	return slices.DeleteFunc(keys, func(k jose.JSONWebKey) bool {
		if rsaKey, ok := k.Key.(*rsa.PublicKey); ok && rsaKey.N.BitLen() < minModulus {
			return true
		}
		return !k.IsPublic() || !k.Valid() || k.Use != "" && k.Use != "sig"
	})
}

// errNoKeys is a key set in which nothing can be used.
var errNoKeys = errors.New("no public keys for signatures in it")
