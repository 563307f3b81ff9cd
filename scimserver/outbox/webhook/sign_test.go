package webhook_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/outbox/webhook"
)

// The vector of the specification's own libraries.
const (
	vectorKey       = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	vectorID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	vectorBody      = `{"test": 2432232314}`
	vectorSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

var vectorTime = time.Unix(1614265330, 0)

func parse(t testing.TB, text string) webhook.Key {
	t.Helper()
	key, err := webhook.ParseKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newKey(t testing.TB) webhook.Key {
	t.Helper()
	key, err := webhook.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestSign(t *testing.T) {
	t.Parallel()
	key, other := parse(t, vectorKey), newKey(t)
	if got := webhook.Sign([]webhook.Key{key}, vectorID, vectorTime, []byte(vectorBody)); got != vectorSignature {
		t.Errorf("signature %s, want %s", got, vectorSignature)
	}
	both := webhook.Sign([]webhook.Key{other, key}, vectorID, vectorTime, []byte(vectorBody))
	if first, second, ok := strings.Cut(both, " "); !ok || second != vectorSignature || first == second || !strings.HasPrefix(first, "v1,") {
		t.Errorf("two keys: %s", both)
	}
}

func headers(id string, at time.Time, signature string) http.Header {
	h := http.Header{}
	h.Set("webhook-id", id)
	h.Set("webhook-timestamp", fmt.Sprint(at.Unix()))
	h.Set("webhook-signature", signature)
	return h
}

func TestVerify(t *testing.T) {
	t.Parallel()
	const wrong = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="
	good := headers(vectorID, vectorTime, vectorSignature)
	without := func(name string) http.Header {
		h := good.Clone()
		h.Del(name)
		return h
	}
	with := func(name, value string) http.Header {
		h := good.Clone()
		h.Set(name, value)
		return h
	}
	for name, tc := range map[string]struct {
		header http.Header
		body   string
		now    time.Time
		ok     bool
	}{
		"the vector":                  {header: good, ok: true},
		"just in time":                {header: good, now: vectorTime.Add(webhook.Tolerance), ok: true},
		"replayed later":              {header: good, now: vectorTime.Add(webhook.Tolerance + time.Second)},
		"from the future":             {header: good, now: vectorTime.Add(-webhook.Tolerance - time.Second)},
		"one of several":              {header: with("webhook-signature", wrong+" v2,x "+vectorSignature), ok: true},
		"replayed with a new time":    {header: with("webhook-timestamp", "1614269999"), now: time.Unix(1614269999, 0)},
		"another id":                  {header: with("webhook-id", "msg_other")},
		"another body":                {header: good, body: `{"test": 2432232315}`},
		"a wrong signature":           {header: with("webhook-signature", wrong)},
		"the scheme is missing":       {header: with("webhook-signature", strings.TrimPrefix(vectorSignature, "v1,"))},
		"an asymmetric scheme":        {header: with("webhook-signature", strings.Replace(vectorSignature, "v1,", "v1a,", 1))},
		"no base64":                   {header: with("webhook-signature", "v1,***")},
		"an empty signature":          {header: with("webhook-signature", "v1,")},
		"no id":                       {header: without("webhook-id")},
		"no timestamp":                {header: without("webhook-timestamp")},
		"no signature":                {header: without("webhook-signature")},
		"a timestamp that is none":    {header: with("webhook-timestamp", "2021-02-25")},
		"a timestamp that overflows":  {header: with("webhook-timestamp", "99999999999999999999")},
		"a timestamp near the bounds": {header: with("webhook-timestamp", "9223372036854775807")},
	} {
		if tc.now.IsZero() {
			tc.now = vectorTime
		}
		if tc.body == "" {
			tc.body = vectorBody
		}
		id, err := webhook.Verify([]webhook.Key{newKey(t), parse(t, vectorKey)}, tc.header, []byte(tc.body), tc.now)
		switch {
		case tc.ok && (err != nil || id != vectorID):
			t.Errorf("%s: %q, %v", name, id, err)
		case !tc.ok && !errors.Is(err, webhook.ErrSignature):
			t.Errorf("%s: %q, %v", name, id, err)
		}
	}
	if _, err := webhook.Verify(nil, good, []byte(vectorBody), vectorTime); !errors.Is(err, webhook.ErrSignature) {
		t.Errorf("without a key: %v", err)
	}
	empty := webhook.Sign([]webhook.Key{{}}, vectorID, vectorTime, []byte(vectorBody))
	if _, err := webhook.Verify([]webhook.Key{{}}, headers(vectorID, vectorTime, empty), []byte(vectorBody), vectorTime); err == nil {
		t.Error("an empty key verifies")
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	if again := parse(t, " "+key.Encode()+"\n"); !bytes.Equal(again, key) || len(key) != 32 {
		t.Errorf("%d bytes after the round trip of %d", len(again), len(key))
	}
	if text := fmt.Sprintf("%s %v %#v %+v", key, key, key, []webhook.Key{key}); strings.Contains(text, base64.StdEncoding.EncodeToString(key)) {
		t.Errorf("the key is printed: %s", text)
	}
	for text, want := range map[string]string{
		"":                                    "does not begin with whsec_",
		"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw":    "does not begin with whsec_",
		"whsec_":                              "0 bytes",
		"whsec_c2VjcmV0":                      "6 bytes",
		"whsec_!MfKQ9r8GKYqrTwjUPD8ILPZIo2L":  "not base64",
		"whsec_" + strings.Repeat("AAAA", 22): "66 bytes",
	} {
		_, err := webhook.ParseKey(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
			continue
		}
		if secret := strings.TrimPrefix(text, "whsec_"); secret != "" && strings.Contains(err.Error(), secret) {
			t.Errorf("the error holds the key: %v", err)
		}
	}
	if _, err := webhook.ParseKeys(nil); err == nil {
		t.Error("no key is accepted")
	}
	if _, err := webhook.ParseKeys([]string{vectorKey, "x"}); err == nil {
		t.Error("a wrong second key is accepted")
	}
	if keys, err := webhook.ParseKeys([]string{vectorKey, key.Encode()}); err != nil || len(keys) != 2 {
		t.Errorf("%d keys, %v", len(keys), err)
	}
	broken := errors.New("broken")
	if _, err := webhook.NewKey(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

func FuzzVerify(f *testing.F) {
	key := webhook.Key(bytes.Repeat([]byte{7}, 32))
	f.Add(vectorID, "1614265330", vectorSignature, []byte(vectorBody))
	f.Add("a.b", "-1", "v1, v1,= v1,AAAA", []byte{})
	f.Fuzz(func(t *testing.T, id, timestamp, signature string, body []byte) {
		h := http.Header{}
		h.Set("webhook-id", id)
		h.Set("webhook-timestamp", timestamp)
		h.Set("webhook-signature", signature)
		if _, err := webhook.Verify([]webhook.Key{key}, h, body, vectorTime); err == nil {
			t.Errorf("%q %q verifies", id, signature)
		}
	})
}

func BenchmarkSign(b *testing.B) {
	keys := []webhook.Key{newKey(b)}
	body := bytes.Repeat([]byte("x"), 700)
	b.ReportAllocs()
	for b.Loop() {
		webhook.Sign(keys, vectorID, vectorTime, body)
	}
}
