package credentials_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/scim-operator/scim-operator/controllers/credentials"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 123, time.UTC)

const url = "https://scim.example.com/ns/acme/scim/v2"

func request(current map[string][]byte) credentials.Request {
	return credentials.Request{Current: current, URL: url, Now: now, Rand: rand.Reader}
}

func next(t *testing.T, r credentials.Request) (map[string][]byte, credentials.Cause) {
	t.Helper()
	data, cause, err := credentials.Next(r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := credentials.Parse(data); err != nil {
		t.Fatalf("what Next returns is not valid: %v", err)
	}
	if string(data["authorization"]) != "Bearer "+string(data["token"]) || string(data["baseURL"]) != r.URL {
		t.Errorf("authorization %q, baseURL %q", data["authorization"], data["baseURL"])
	}
	return data, cause
}

func TestNext(t *testing.T) {
	t.Parallel()
	issued, cause := next(t, request(nil))
	if cause != credentials.Created || !config.CheckToken(string(issued["token"])) || string(issued["issuedAt"]) != "2026-11-22T12:00:00Z" {
		t.Fatalf("%s: issued at %s", cause, issued["issuedAt"])
	}
	if _, ok := issued["expiresAt"]; ok {
		t.Error("a token without rotation ends")
	}
	broken := maps.Clone(issued)
	broken["issuedAt"] = []byte("yesterday")
	brought := "an-admins-own-token-1234"
	for name, tc := range map[string]struct {
		change func(*credentials.Request)
		want   credentials.Cause
	}{
		"nothing to do":         {func(*credentials.Request) {}, credentials.Kept},
		"asked for":             {func(r *credentials.Request) { r.Rotate = true }, credentials.Rotated},
		"deleted":               {func(r *credentials.Request) { r.Current = nil }, credentials.Created},
		"unusable":              {func(r *credentials.Request) { r.Current = broken }, credentials.Created},
		"not due":               {func(r *credentials.Request) { r.Every, r.Now = time.Hour, now.Add(59*time.Minute) }, credentials.Kept},
		"due":                   {func(r *credentials.Request) { r.Every, r.Now = time.Hour, now.Add(time.Hour) }, credentials.Expired},
		"brought":               {func(r *credentials.Request) { r.Brought = brought }, credentials.Brought},
		"no longer brought":     {func(r *credentials.Request) { r.WasBrought = true }, credentials.Replaced},
		"URL alone has changed": {func(r *credentials.Request) { r.URL = "https://new.example.com/ns/acme/scim/v2" }, credentials.Kept},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := request(issued)
			tc.change(&r)
			data, cause := next(t, r)
			if cause != tc.want {
				t.Errorf("cause %q, want %q", cause, tc.want)
			}
			same := bytes.Equal(data["token"], issued["token"]) && bytes.Equal(data["tokenID"], issued["tokenID"])
			if same != (tc.want == credentials.Kept) {
				t.Errorf("token is the same: %v", same)
			}
		})
	}
}

func TestNextBrought(t *testing.T) {
	t.Parallel()
	r := request(nil)
	r.Brought, r.Every = "an-admins-own-token-1234", time.Hour
	first, _ := next(t, r)
	if string(first["token"]) != r.Brought || first["expiresAt"] != nil {
		t.Errorf("token %q, ends %q", first["token"], first["expiresAt"])
	}
	r.Current, r.Rotate, r.WasBrought, r.Now = first, true, true, now.Add(time.Hour)
	again, cause := next(t, r)
	if cause != credentials.Kept || !credentials.Same(first, again) {
		t.Errorf("%q: the operator cannot replace what an admin brings", cause)
	}
	r.Brought = "another-token-of-the-admin"
	other, cause := next(t, r)
	if cause != credentials.Brought || bytes.Equal(other["tokenID"], first["tokenID"]) || string(other["issuedAt"]) != "2026-11-22T13:00:00Z" {
		t.Errorf("%q: ID %s, issued at %s", cause, other["tokenID"], other["issuedAt"])
	}
}

func TestNextExpiry(t *testing.T) {
	t.Parallel()
	r := request(nil)
	r.Every = time.Hour
	first, _ := next(t, r)
	r.Current, r.Every = first, 2*time.Hour
	second, cause := next(t, r)
	if cause != credentials.Kept || string(first["expiresAt"]) != "2026-11-22T13:00:00Z" || string(second["expiresAt"]) != "2026-11-22T14:00:00Z" {
		t.Errorf("%q: ends at %s, then at %s", cause, first["expiresAt"], second["expiresAt"])
	}
}

// TestNextWithoutToken: an identity provider with signed tokens is given the base URL, and what there was ends.
func TestNextWithoutToken(t *testing.T) {
	t.Parallel()
	before, _, err := credentials.Next(credentials.Request{URL: "https://x", Now: time.Now(), Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	got, cause, err := credentials.Next(credentials.Request{Current: before, URL: "https://x", NoToken: true, Now: time.Now()})
	if err != nil || cause != credentials.Kept || len(got) != 1 || string(got["baseURL"]) != "https://x" {
		t.Errorf("cause %q, %v, keys %q", cause, err, slices.Collect(maps.Keys(got)))
	}
}

func TestNextWithoutRandom(t *testing.T) {
	t.Parallel()
	r := request(nil)
	r.Rand = iotest.ErrReader(errors.New("no entropy"))
	if _, _, err := credentials.Next(r); err == nil || !strings.Contains(err.Error(), "no entropy") {
		t.Errorf("error %v", err)
	}
}

func TestCheckBrought(t *testing.T) {
	t.Parallel()
	generated, _, err := config.NewToken(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		data map[string][]byte
		want string
	}{
		"sound":             {map[string][]byte{"token": []byte("0123456789abcdef-._~+/==")}, ""},
		"generated":         {map[string][]byte{"token": []byte(generated)}, ""},
		"no key":            {map[string][]byte{"Token": []byte("0123456789abcdef")}, "no key token"},
		"empty":             {map[string][]byte{"token": nil}, "at least 16"},
		"short":             {map[string][]byte{"token": []byte("0123456789abcde")}, "at least 16"},
		"long":              {map[string][]byte{"token": bytes.Repeat([]byte("a"), 1025)}, "at most 1024"},
		"line break":        {map[string][]byte{"token": []byte("0123456789abcdef\n")}, "ends with a line break"},
		"Windows":           {map[string][]byte{"token": []byte("0123456789abcdef\r")}, "ends with a line break"},
		"blank":             {map[string][]byte{"token": []byte("0123456789 abcdef")}, "only letters, digits"},
		"not ASCII":         {map[string][]byte{"token": []byte("0123456789abcdéf")}, "only letters, digits"},
		"with Bearer":       {map[string][]byte{"token": []byte("Bearer 0123456789abcdef")}, "only letters, digits"},
		"generated, damage": {map[string][]byte{"token": []byte(generated[:len(generated)-1] + "!")}, "token"},
		"generated, typo":   {map[string][]byte{"token": []byte(generated[:10] + swap(generated[10:11]) + generated[11:])}, "checksum is wrong"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := credentials.CheckBrought(tc.data)
			if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
			if err != nil && strings.Contains(err.Error(), "0123456789") {
				t.Errorf("the error shows the token: %v", err)
			}
		})
	}
}

func swap(c string) string {
	if c == "a" {
		return "b"
	}
	return "a"
}

func TestRotationDue(t *testing.T) {
	t.Parallel()
	rotate := func(value string) map[string]string { return map[string]string{"scim-operator.io/rotate": value} }
	for name, tc := range map[string]struct {
		tenant, secret map[string]string
		want           bool
	}{
		"nobody":            {nil, nil, false},
		"tenant":            {rotate("now"), nil, true},
		"tenant, no value":  {rotate(""), nil, true},
		"Secret":            {nil, rotate(""), true},
		"fulfilled":         {rotate("now"), credentials.Annotations(rotate("now"), ""), false},
		"fulfilled, empty":  {rotate(""), credentials.Annotations(rotate(""), ""), false},
		"another wish":      {rotate("again"), credentials.Annotations(rotate("now"), ""), true},
		"wish taken back":   {nil, credentials.Annotations(rotate("now"), "mine"), false},
		"wish of the other": {rotate("now"), credentials.Annotations(nil, "mine"), true},
	} {
		if got := credentials.RotationDue(tc.tenant, tc.secret); got != tc.want {
			t.Errorf("%s: %t", name, got)
		}
	}
	if a := credentials.Annotations(nil, ""); len(a) != 0 {
		t.Errorf("annotations %v", a)
	}
	if a := credentials.Annotations(nil, "mine"); a[credentials.AnnotationFrom] != "mine" {
		t.Errorf("annotations %v", a)
	}
}
