package set_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/outbox/set"
	"github.com/scim-operator/scim-operator/scimserver/outbox/webhook"
)

var (
	key      = webhook.Key(bytes.Repeat([]byte{1}, 32))
	next     = webhook.Key(bytes.Repeat([]byte{2}, 32))
	at       = time.Unix(1785000000, 0)
	audience = "https://app.example.com/events"
)

const source = "https://scim.example.com/ns/acme/members/v1"

func format(t testing.TB, keys ...webhook.Key) set.Format {
	t.Helper()
	f, err := set.NewFormat(keys, audience+"?key=s3cret")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func message(body string) webhook.Message {
	return webhook.Message{ID: "evt_1", Created: at, Source: source, Body: []byte(body)}
}

func render(t testing.TB, f set.Format, body string) []byte {
	t.Helper()
	h := http.Header{}
	token, err := f.Render(message(body), at.Add(time.Hour), h)
	if err != nil {
		t.Fatal(err)
	}
	if h.Get("Content-Type") != "application/secevent+jwt" || h.Get("Accept") != "application/json" {
		t.Errorf("headers %v", h)
	}
	return token
}

const member = `"member":{"id":"m1","userName":"ann@example.com","externalId":"e1","active":true,"role":"Staff","groups":["Admins"],"fields":{"email":"ann@example.com","badge":"7"}}`

func TestEvents(t *testing.T) {
	t.Parallel()
	const version = `W/"9"`
	for name, tc := range map[string]struct {
		body string
		want map[string]set.Event
	}{
		"created": {`{"type":"member.created","sequence":9,` + member + `}`, map[string]set.Event{
			set.CreateNotice: {Version: version, Attributes: []string{"active", "externalId", "fields.badge", "fields.email", "groups", "id", "role", "userName"}},
		}},
		"updated": {`{"type":"member.updated","sequence":9,` + member + `,"previous":{"role":"Admin","fields":{"email":"old@example.com"}}}`, map[string]set.Event{
			set.PatchNotice: {Version: version, Attributes: []string{"fields.email", "role"}},
		}},
		"deactivated": {`{"type":"member.deactivated","sequence":9,` + member + `,"previous":{"active":true}}`, map[string]set.Event{
			set.Deactivate: {Version: version},
		}},
		"reactivated with another role": {`{"type":"member.reactivated","sequence":9,` + member + `,"previous":{"active":false,"role":"Admin"}}`, map[string]set.Event{
			set.Activate: {Version: version}, set.PatchNotice: {Version: version, Attributes: []string{"role"}},
		}},
		"reactivated with an action": {`{"type":"member.reactivated","sequence":9,` + member + `,"previous":{"active":false},"action":{"name":"ChangePolicy","parameters":{"policy":"standard"}}}`, map[string]set.Event{
			set.Activate: {Version: version}, set.Action: {Version: version, Name: "ChangePolicy", Parameters: map[string]string{"policy": "standard"}},
		}},
		"removed": {`{"type":"member.removed","sequence":9,` + member + `,"previous":{"active":true}}`, map[string]set.Event{set.Delete: {}}},
		"action": {`{"type":"member.action","sequence":9,` + member + `,"action":{"name":"ChangePolicy","parameters":{"policy":"leavers"}}}`, map[string]set.Event{
			set.Action: {Version: version, Name: "ChangePolicy", Parameters: map[string]string{"policy": "leavers"}},
		}},
	} {
		token := render(t, format(t, key), tc.body)
		got, err := set.Verify([]webhook.Key{next, key}, audience, token)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		want := set.Claims{
			Issuer: source, Audience: audience, IssuedAt: at.Unix(), ID: "evt_1", Txn: "evt_1", Events: tc.want,
			Subject: set.Subject{Format: "scim", URI: "/members/m1", ExternalID: "e1", ID: "m1"},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if again := render(t, format(t, key), tc.body); !bytes.Equal(again, token) {
			t.Errorf("%s: another attempt has another token", name)
		}
		if payload, _ := base64.RawURLEncoding.DecodeString(strings.Split(string(token), ".")[1]); bytes.Contains(payload, []byte("@")) || bytes.Contains(payload, []byte("s3cret")) {
			t.Errorf("%s: values in a notice: %s", name, payload)
		}
	}
}

// TestForm: header and claims are as RFC 8417 and RFC 9967 want them.
func TestForm(t *testing.T) {
	t.Parallel()
	parts := strings.Split(string(render(t, format(t, key, next), `{"type":"member.removed","sequence":9,`+member+`}`)), ".")
	texts := map[int]string{
		0: `{"typ":"secevent+jwt","alg":"HS256","kid":"` + set.KeyID(key) + `"}`,
		1: `{"iss":"` + source + `","aud":"` + audience + `","iat":1785000000,"jti":"evt_1","txn":"evt_1",` +
			`"sub_id":{"format":"scim","uri":"/members/m1","externalId":"e1","id":"m1"},"events":{"urn:ietf:params:scim:event:prov:delete":{}}}`,
	}
	for i, want := range texts {
		got, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || string(got) != want {
			t.Errorf("%s, %v\nwant %s", got, err, want)
		}
	}
}

func TestRenderRefuses(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"no JSON": `<html>`, "no member": `{"type":"member.created"}`, "another type": `{"type":"user.created",` + member + `}`,
	} {
		if token, err := format(t, key).Render(message(body), at, http.Header{}); err == nil {
			t.Errorf("%s: %s", name, token)
		}
	}
	if _, err := set.NewFormat(nil, audience); err == nil {
		t.Error("no key is accepted")
	}
	if _, err := set.NewFormat([]webhook.Key{key}, "http://[::1"); err == nil {
		t.Error("no URL is accepted")
	}
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	good := string(render(t, format(t, key), `{"type":"member.removed","sequence":9,`+member+`}`))
	parts := strings.Split(good, ".")
	part := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
	none := part(map[string]string{"typ": "secevent+jwt", "alg": "none"})
	for name, tc := range map[string]struct{ token, audience, code string }{
		"another audience":   {good, "https://other.example.com", "invalid_audience"},
		"empty":              {"", audience, "invalid_request"},
		"no token":           {"hello", audience, "invalid_request"},
		"another type":       {part(map[string]string{"typ": "JWT", "alg": "HS256"}) + "." + parts[1] + "." + parts[2], audience, "invalid_request"},
		"no algorithm":       {none + "." + parts[1] + ".", audience, "invalid_key"},
		"no signature":       {parts[0] + "." + parts[1] + ".", audience, "invalid_key"},
		"another payload":    {parts[0] + "." + part(map[string]string{"jti": "x"}) + "." + parts[2], audience, "invalid_key"},
		"a bit more":         {good + "A", audience, "invalid_key"},
		"four parts":         {good + ".", audience, "invalid_request"},
		"no base64":          {"***." + parts[1] + "." + parts[2], audience, "invalid_request"},
		"of another key":     {string(render(t, format(t, next), `{"type":"member.removed","sequence":9,`+member+`}`)), audience, "invalid_key"},
		"signature is no64":  {parts[0] + "." + parts[1] + ".***", audience, "invalid_key"},
		"signed without id":  {string(render(t, format(t, key), `{"type":"member.removed",`+member+`}`)), "", "invalid_audience"},
		"padded to look new": {parts[0] + "." + parts[1] + "=." + parts[2], audience, "invalid_key"},
	} {
		_, err := set.Verify([]webhook.Key{key}, tc.audience, []byte(tc.token))
		refusal := (*set.Error)(nil)
		if !errors.As(err, &refusal) || refusal.Code != tc.code {
			t.Errorf("%s: %v, want %s", name, err, tc.code)
		}
	}
	if _, err := set.Verify([]webhook.Key{{}}, audience, []byte(good)); err == nil {
		t.Error("an empty key verifies")
	}
}

func FuzzVerify(f *testing.F) {
	f.Add([]byte("a.b.c"))
	f.Add([]byte("eyJ0eXAiOiJzZWNldmVudCtqd3QiLCJhbGciOiJIUzI1NiJ9.e30."))
	f.Fuzz(func(t *testing.T, token []byte) {
		if c, err := set.Verify([]webhook.Key{key}, audience, token); err == nil {
			t.Errorf("%s verifies: %+v", token, c)
		}
	})
}
