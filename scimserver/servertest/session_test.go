package servertest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// echo answers what it was asked, with an id that differs in each server.
func echo(t *testing.T, id string) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/scim+json")
		fmt.Fprintf(w, `{"id":%q,"request":%q,"authorization":%q,"agent":%q,"body":%q,"meta":{"created":"2026-01-02T03:04:05.678Z"}}`,
			id, r.Method+" "+r.URL.String(), r.Header.Get("Authorization"), r.UserAgent(), body)
	}))
	t.Cleanup(s.Close)
	return s
}

const recordable = `What it is about.
-- 01-create.http --
# user = id
POST /Users?x=a+b%20c&
Content-Type: application/scim+json

{"a":"{{base}}"}
-- 02-get.http --
GET /Users/{{user}}
Authorization:
User-Agent: Tester
`

func TestRecordAndReplay(t *testing.T) {
	t.Parallel()
	first := echo(t, "018f0000-0000-7000-8000-000000000001")
	recorded, err := Record(t.Context(), first.Client(), first.URL, "secret-1", txtar.Parse([]byte(recordable)))
	if err != nil {
		t.Fatal(err)
	}
	text := string(txtar.Format(recorded))
	for _, want := range []string{
		`"id": "{{user}}"`, `"request": "POST /Users?x=a+b%20c&"`, `"request": "GET /Users/{{user}}"`, `"authorization": "Bearer {{token}}"`,
		`"authorization": ""`, `"agent": ""`, `"agent": "Tester"`, `"created": "{{time}}"`, `"body": "{\"a\":\"{{base}}\"}"`, "200 OK\nContent-Type: application/scim+json\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("recorded session lacks %s:\n%s", want, text)
		}
	}
	second := echo(t, "018f0000-0000-7000-8000-000000000002")
	if err := Replay(t.Context(), second.Client(), second.URL+"/", "secret-2", recorded); err != nil {
		t.Errorf("replay at another server: %v", err)
	}
	other := txtar.Parse([]byte(strings.Replace(text, `"agent": "Tester"`, `"agent": "Somebody"`, 1)))
	err = Replay(t.Context(), second.Client(), second.URL, "secret-2", other)
	if err == nil || !strings.Contains(err.Error(), "02-get") || !strings.Contains(err.Error(), "Somebody") || strings.Contains(err.Error(), "01-create") {
		t.Errorf("replay of another answer: got %v, want the difference in 02-get", err)
	}
}

func TestRecordWantsNamesForIDs(t *testing.T) {
	t.Parallel()
	s := echo(t, "018f0000-0000-7000-8000-000000000001")
	_, err := Record(t.Context(), s.Client(), s.URL, "secret", txtar.Parse([]byte("-- a.http --\nGET /Users\n")))
	if err == nil || !strings.Contains(err.Error(), "give it a name") {
		t.Errorf("got %v", err)
	}
}

func TestSessionsThatAreNone(t *testing.T) {
	t.Parallel()
	s := echo(t, "x")
	for name, archive := range map[string]string{
		"empty":               "nothing here",
		"an unknown file":     "-- a.txt --\nx\n",
		"a want of no step":   "-- a.http --\nGET /\n-- b.want --\n200 OK\n",
		"no request line":     "-- a.http --\nGET\n",
		"no header":           "-- a.http --\nGET /\nnonsense\n",
		"a capture of nought": "-- a.http --\n# x = Resources.0.id\nGET /\n",
		"a bad method":        "-- a.http --\nG(T /\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := Replay(t.Context(), s.Client(), s.URL, "secret", txtar.Parse([]byte(archive))); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestSessionOptions(t *testing.T) {
	t.Parallel()
	opts, err := SessionOptions([]byte("About.\n\ntenant: groups=false strict=true users=3 groups=4 bodyBytes=5 requestsPerSecond=6 burst=7 uniqueIdentifier=email extension=urn:a:b,c\n"))
	if err != nil {
		t.Fatal(err)
	}
	var o tenantOptions
	o.schemas.Groups = true
	for _, opt := range opts {
		opt(&o)
	}
	if o.schemas.Groups || !o.strict || o.users != 3 || o.groups != 4 || o.tenant.BodyBytes != 5 || o.requestsPerSecond != 6 || o.burst != 7 || o.schemas.UniqueIdentifier != "email" {
		t.Errorf("got %+v", o)
	}
	if x := o.schemas.Extensions; len(x) != 1 || x[0].ID != "urn:a" || len(x[0].Attributes) != 2 || x[0].Attributes[1].Name != "c" {
		t.Errorf("extensions: %+v", x)
	}
	for _, comment := range []string{"tenant: colour=red", "tenant: users=many", "tenant: colour=true", "tenant: colour=5"} {
		if _, err := SessionOptions([]byte(comment)); err == nil {
			t.Errorf("%s: accepted", comment)
		}
	}
}
