package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Names of the headers.
const (
	HeaderID        = "Webhook-Id"
	HeaderTimestamp = "Webhook-Timestamp"
	HeaderSignature = "Webhook-Signature"
)

// Tolerance is how far a timestamp may be from the receiver's clock: a captured request cannot be replayed later.
const Tolerance = 5 * time.Minute

const scheme = "v1,"

// Sign returns the signatures of all keys, separated by spaces: with two keys a receiver may have either. id must hold no dot.
func Sign(keys []Key, id string, at time.Time, body []byte) string {
	var b strings.Builder
	for i, key := range keys {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(scheme)
		b.WriteString(base64.StdEncoding.EncodeToString(sum(key, id, strconv.FormatInt(at.Unix(), 10), body)))
	}
	return b.String()
}

func sum(key Key, id, timestamp string, body []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	return mac.Sum(nil)
}

// ErrSignature means that a request is not from who has the key, or is a replay. A receiver answers 401.
var ErrSignature = errors.New("webhook signature")

// Verify is the receiver's side: it returns the webhook-id of a request that one of the keys has signed, not longer than
// Tolerance from now. A receiver that has seen the id already has nothing to do but answer 2xx. Errors wrap ErrSignature.
func Verify(keys []Key, h http.Header, body []byte, now time.Time) (id string, err error) {
	id, timestamp := h.Get(HeaderID), h.Get(HeaderTimestamp)
	if id == "" || timestamp == "" || h.Get(HeaderSignature) == "" {
		return "", fmt.Errorf("%w: a header is missing", ErrSignature)
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return "", fmt.Errorf("%w: the timestamp is no number", ErrSignature)
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > Tolerance || age < -Tolerance {
		return "", fmt.Errorf("%w: the timestamp is more than %s from now", ErrSignature, Tolerance)
	}
	for _, key := range keys {
		if signedBy(key, h, sum(key, id, timestamp, body)) {
			return id, nil
		}
	}
	return "", fmt.Errorf("%w: none of the signatures is right", ErrSignature)
}

// signedBy compares in a time that tells nothing about the signature.
func signedBy(key Key, h http.Header, want []byte) bool {
	for signature := range strings.FieldsSeq(h.Get(HeaderSignature)) {
		encoded, ok := strings.CutPrefix(signature, scheme)
		got, err := base64.StdEncoding.DecodeString(encoded)
		if ok && err == nil && len(key) > 0 && hmac.Equal(got, want) {
			return true
		}
	}
	return false
}
