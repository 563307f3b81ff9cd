package auth_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/scim-operator/scim-operator/scimserver/auth"
)

func clock() time.Time { return now }

// issuer is an authorization server that publishes keys, and whatever else a test makes it answer.
type issuer struct {
	url    string // also its name
	client *http.Client
	asked  atomic.Int64  // for keys
	hold   chan struct{} // nil: it answers at once

	mu       sync.Mutex
	keys     []key
	answer   func(http.ResponseWriter, *http.Request) // nil: the keys
	metadata string                                   // "": none
}

func newIssuer(t testing.TB, keys ...key) *issuer {
	t.Helper()
	i := &issuer{keys: keys}
	mux := http.NewServeMux()
	mux.HandleFunc("/keys", i.serveKeys)
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		i.mu.Lock()
		defer i.mu.Unlock()
		fmt.Fprint(w, i.metadata)
	})
	s := httptest.NewTLSServer(mux)
	t.Cleanup(s.Close)
	i.url, i.client = s.URL, s.Client()
	i.client.CheckRedirect = auth.NewClient().CheckRedirect
	return i
}

func (i *issuer) serveKeys(w http.ResponseWriter, r *http.Request) {
	i.asked.Add(1)
	if i.hold != nil {
		<-i.hold
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.answer != nil {
		i.answer(w, r)
		return
	}
	fmt.Fprint(w, keySetText(i.keys...))
}

func keySetText(keys ...key) string {
	set := jose.JSONWebKeySet{}
	for _, k := range keys {
		set.Keys = append(set.Keys, k.public())
	}
	text, err := json.Marshal(set)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func (i *issuer) change(fn func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	fn()
}

func (i *issuer) keySet() *auth.KeySet {
	return auth.NewKeySet(auth.Source{Issuer: i.url, JWKSURL: i.url + "/keys"}, i.client, clock)
}

// watch is a clock that a test moves.
type watch struct{ at atomic.Int64 }

func newWatch() *watch {
	w := &watch{}
	w.at.Store(now.UnixNano())
	return w
}

func (w *watch) now() time.Time          { return time.Unix(0, w.at.Load()) }
func (w *watch) forward(d time.Duration) { w.at.Add(int64(d)) }

// TestKeysOfAnIssuer: keys are fetched when they are needed, kept, and followed when the issuer changes them, with a bound
// on how often anybody can make the server ask.
func TestKeysOfAnIssuer(t *testing.T) {
	t.Parallel()
	first, second, never := ecKey(t, "first"), ecKey(t, "second"), ecKey(t, "never")
	host, w := newIssuer(t, first), newWatch()
	set := auth.NewKeySet(auth.Source{Issuer: host.url, JWKSURL: host.url + "/keys"}, host.client, w.now)
	j := auth.NewJWT([]auth.Issuer{{Name: host.url, Audiences: []string{"scim"}, Keys: set}}, w.now)
	forever := map[string]any{"exp": now.Add(1000 * time.Hour).Unix()}
	verify := func(k key) error {
		_, err := j.Verify(t.Context(), k.sign(t, claims(host.url, forever)))
		return err
	}
	asked := func(step string, want int64) {
		t.Helper()
		if n := host.asked.Load(); n != want {
			t.Errorf("%s: asked %d times, want %d", step, n, want)
		}
	}

	asked("before the first token", 0)
	for range 3 {
		checkError(t, verify(first), "")
	}
	asked("many tokens", 1)

	w.forward(time.Minute)
	for range 5 {
		checkError(t, verify(never), "does not publish")
	}
	asked("tokens of an unknown key", 2)
	host.change(func() { host.keys = []key{first, second} })
	checkError(t, verify(second), "does not publish")
	asked("a new key, too early", 2)
	w.forward(time.Minute)
	checkError(t, verify(second), "")
	asked("a new key", 3)

	host.change(func() { host.keys = []key{second} })
	checkError(t, verify(first), "")
	w.forward(time.Hour)
	checkError(t, verify(first), "") // and the keys are fetched beside
	until(t, func() bool { return verify(first) != nil })
	checkError(t, verify(second), "")
	asked("after an hour", 4)
}

// TestKeysCannotBeHad: no keys are no reason to refuse a token for good, and what is known is used for a day.
func TestKeysCannotBeHad(t *testing.T) {
	t.Parallel()
	k := ecKey(t, "k")
	host, w := newIssuer(t, k), newWatch()
	down := func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "down", http.StatusBadGateway) }
	host.answer = down
	set := auth.NewKeySet(auth.Source{Issuer: host.url, JWKSURL: host.url + "/keys"}, host.client, w.now)
	j := auth.NewJWT([]auth.Issuer{{Name: host.url, Audiences: []string{"scim"}, Keys: set}}, w.now)
	token := k.sign(t, claims(host.url, map[string]any{"exp": now.Add(1000 * time.Hour).Unix()}))
	verify := func() error {
		_, err := j.Verify(t.Context(), token)
		return err
	}
	for range 5 {
		if err := verify(); !unavailable(err) {
			t.Fatalf("got %v", err)
		}
	}
	if n := host.asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	host.change(func() { host.answer = nil })
	w.forward(10 * time.Second)
	checkError(t, verify(), "")

	host.change(func() { host.answer = down })
	w.forward(23 * time.Hour)
	checkError(t, verify(), "")
	until(t, func() bool { return host.asked.Load() == 3 })
	w.forward(2 * time.Hour)
	if err := verify(); !unavailable(err) {
		t.Errorf("a day later: %v", err)
	}
}

// until waits for what happens beside.
func until(t *testing.T, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(10 * time.Second); !holds(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("it does not come")
		}
	}
}

// TestBadKeySets: what an issuer should not publish is not used, and takes no memory.
func TestBadKeySets(t *testing.T) {
	t.Parallel()
	k := ecKey(t, "k")
	text := func(s string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, s) }
	}
	secret, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: []byte("0123456789abcdef0123456789abcdef"), KeyID: "k"}, {Key: k.of, KeyID: "k"}}})
	if err != nil {
		t.Fatal(err)
	}
	encryption := k.public()
	encryption.Use = "enc"
	enc, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{encryption}})
	if err != nil {
		t.Fatal(err)
	}
	one := strings.TrimSuffix(strings.TrimPrefix(keySetText(k), `{"keys":[`), `]}`)
	for name, tc := range map[string]struct {
		answer func(http.ResponseWriter, *http.Request)
		good   bool
	}{
		"keys":           {text(keySetText(k)), true},
		"one of many":    {text(`{"keys":[{"kty":"new"},{"kty":"RSA"},` + one + `]}`), true},
		"redirect":       {func(w http.ResponseWriter, r *http.Request) { moveOnce(w, r, keySetText(k)) }, true},
		"none":           {text(`{"keys":[]}`), false},
		"no JSON":        {text(`<html>`), false},
		"an array":       {text(`[]`), false},
		"secrets":        {text(string(secret)), false},
		"for encryption": {text(string(enc)), false},
		"endless":        {endless, false},
		"too many":       {text(`{"keys":[` + strings.Repeat(`{},`, 200) + one + `]}`), false},
		"not found":      {http.NotFound, false},
		"redirects":      {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/keys", http.StatusFound) }, false},
		"away from https": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://"+r.Host+"/keys", http.StatusFound)
		}, false},
		"nested very deep": {text(`{"keys":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host := newIssuer(t, k)
			host.answer = tc.answer
			j := auth.NewJWT([]auth.Issuer{{Name: host.url, Audiences: []string{"scim"}, Keys: host.keySet()}}, clock)
			_, err := j.Verify(t.Context(), k.sign(t, claims(host.url, nil)))
			if tc.good && err != nil || !tc.good && !unavailable(err) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func moveOnce(w http.ResponseWriter, r *http.Request, text string) {
	if r.URL.RawQuery == "" {
		http.Redirect(w, r, "/keys?moved", http.StatusFound)
		return
	}
	fmt.Fprint(w, text)
}

func endless(w http.ResponseWriter, r *http.Request) {
	block := []byte(strings.Repeat(" ", 64<<10))
	for r.Context().Err() == nil {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

// TestDiscovery: without a URL the issuer's metadata say where its keys are (OpenID Connect Discovery 1.0 §4).
func TestDiscovery(t *testing.T) {
	t.Parallel()
	k := ecKey(t, "k")
	for name, tc := range map[string]struct {
		metadata string // %[1]s is the issuer's URL
		good     bool
	}{
		"found":            {`{"issuer":"%[1]s","jwks_uri":"%[1]s/keys","other":[]}`, true},
		"of another":       {`{"issuer":"https://other.example.com","jwks_uri":"%[1]s/keys"}`, false},
		"without issuer":   {`{"jwks_uri":"%[1]s/keys"}`, false},
		"without keys":     {`{"issuer":"%[1]s"}`, false},
		"keys without TLS": {`{"issuer":"%[1]s","jwks_uri":"http://127.0.0.1/keys"}`, false},
		"keys in a file":   {`{"issuer":"%[1]s","jwks_uri":"file:///etc/passwd"}`, false},
		"no JSON":          {`<%[1]s>`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host := newIssuer(t, k)
			host.metadata = fmt.Sprintf(tc.metadata, host.url)
			set := auth.NewKeySet(auth.Source{Issuer: host.url}, host.client, clock)
			j := auth.NewJWT([]auth.Issuer{{Name: host.url, Audiences: []string{"scim"}, Keys: set}}, clock)
			_, err := j.Verify(t.Context(), k.sign(t, claims(host.url, nil)))
			if tc.good && err != nil || !tc.good && !unavailable(err) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestManyAtOnce: however many requests wait for the keys, they are fetched once.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	k := ecKey(t, "k")
	host := newIssuer(t, k)
	host.hold = make(chan struct{})
	j := auth.NewJWT([]auth.Issuer{{Name: host.url, Audiences: []string{"scim"}, Keys: host.keySet()}}, clock)
	token := k.sign(t, claims(host.url, nil))
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if _, err := j.Verify(t.Context(), token); err != nil {
				t.Error(err)
			}
		})
	}
	until(t, func() bool { return host.asked.Load() > 0 })
	close(host.hold)
	wg.Wait()
	if n := host.asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
}
