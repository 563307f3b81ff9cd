package probe_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/plugin/probe"
)

// lines runs a test and returns what it tells.
func lines(t *testing.T, client probe.Client, target probe.Target) (out []string, ok bool) {
	t.Helper()
	ok = probe.Run(t.Context(), client, target, func(r probe.Result) {
		out = append(out, strings.Join([]string{r.Method, r.Path, http.StatusText(r.Status), r.Problem}, "|"))
	})
	return out, ok
}

// service answers as a SCIM service provider does, as far as the tests ask.
type service struct {
	mu       sync.Mutex
	requests []string
	answers  map[string]string // "POST /Users" → "201 {…}"
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("User-Agent")+" "+r.Header.Get("Authorization"))
	status, body, ok := strings.Cut(s.answers[r.Method+" "+r.URL.Path], " ")
	if !ok {
		status, body = "404", `{"detail": "nothing here"}`
	}
	w.Header().Set("Content-Type", "application/scim+json")
	if strings.HasPrefix(body, "<") {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
	}
	w.WriteHeader(map[string]int{"200": 200, "201": 201, "204": 204, "401": 401, "404": 404, "409": 409, "429": 429, "503": 503, "302": 302}[status])
	if status != "204" {
		_, _ = w.Write([]byte(body))
	}
}

const empty = `200 {"totalResults": 0, "Resources": []}`

func sound() map[string]string {
	return map[string]string{
		"GET /Users": empty, "GET /Groups": empty, "GET /ServiceProviderConfig": `200 {"patch": {"supported": true}}`,
		"POST /Users": `201 {"id": "u1"}`, "PUT /Users/u1": `200 {"id": "u1"}`, "DELETE /Users/u1": "204 ",
		"POST /Groups": `201 {"id": "g1"}`, "PATCH /Groups/g1": "204 ", "DELETE /Groups/g1": "204 ",
	}
}

// TestRequests: what each identity provider asks.
func TestRequests(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"Okta": {
			"GET /Users?startIndex=1&count=2 Okta SCIM Client 1.0.0 Bearer T", "GET /Groups?startIndex=1&count=100 Okta SCIM Client 1.0.0 Bearer T",
		},
		"EntraID": {
			"GET /Users?filter=userName+eq+%22nobody%22  Bearer T", "GET /Groups?excludedAttributes=members&filter=displayName+eq+%22nobody%22  Bearer T",
		},
		"OneLogin": {
			"GET /ServiceProviderConfig kubectl-scim Bearer T", "GET /Users kubectl-scim Bearer T", "GET /Users?filter=userName+eq+%22nobody%22& kubectl-scim Bearer T",
		},
		"JumpCloud": {
			"GET /Users?filter=userName+eq+%22test%40example.com%22 kubectl-scim Bearer T", "POST /Users kubectl-scim Bearer T", "PUT /Users/u1 kubectl-scim Bearer T",
			"POST /Groups kubectl-scim Bearer T", "PATCH /Groups/g1 kubectl-scim Bearer T", "DELETE /Groups/g1 kubectl-scim Bearer T", "DELETE /Users/u1 kubectl-scim Bearer T",
		},
		"Generic": {"GET /ServiceProviderConfig kubectl-scim Bearer T", "GET /Users?startIndex=1&count=1 kubectl-scim Bearer T"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &service{answers: sound()}
			server := httptest.NewServer(s)
			defer server.Close()
			out, ok := lines(t, server.Client(), probe.Target{IdentityProvider: name, URL: server.URL, Token: "T", UniqueIdentifier: "userName", Groups: true,
				TestEmail: "test@example.com", Random: "nobody"})
			if diff := cmp.Diff(want, s.requests); diff != "" || !ok || len(out) != len(want) {
				t.Errorf("%v %q (-want +got):\n%s", ok, out, diff)
			}
		})
	}
}

// TestVerdicts: what is wrong, and what to do.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		idp, request, answer, want string
	}{
		"wrong token":      {"Okta", "GET /Users", `401 {"detail": "no such token"}`, "answered 401, wanted 200 (no such token): the token is not accepted"},
		"not there":        {"EntraID", "GET /Users", `404 {}`, "the tenant is not served under this address"},
		"groups":           {"EntraID", "GET /Groups", `404 {}`, "answered 404"},
		"proxy":            {"Okta", "GET /Users", "503 <html>", `the answer is "text/html" and not SCIM`},
		"suspended":        {"Okta", "GET /Users", `503 {"detail": "suspended"}`, "the tenant is suspended"},
		"limit":            {"Okta", "GET /Users", `429 {}`, "limit of requests"},
		"redirect":         {"Okta", "GET /Users", "302 <a>", "not SCIM"},
		"not JSON":         {"Okta", "GET /Users", "200 [", "not SCIM"},
		"text for number":  {"Okta", "GET /Users", `200 {"totalResults": "0"}`, "no totalResults that is a number"},
		"filter is blind":  {"EntraID", "GET /Users", `200 {"totalResults": 3, "Resources": []}`, "a filter for what nobody has gives results"},
		"resources":        {"Okta", "GET /Users", `200 {"totalResults": 3, "Resources": {}}`, "Resources is no list"},
		"no configuration": {"Generic", "GET /ServiceProviderConfig", `200 {}`, "no ServiceProviderConfig"},
		"address taken":    {"JumpCloud", "GET /Users", `200 {"totalResults": 1, "Resources": [{}]}`, "choose another --test-email"},
		"conflict":         {"JumpCloud", "POST /Users", `409 {"detail": "taken"}`, "choose another --test-email"},
		"no id":            {"JumpCloud", "POST /Users", `201 {}`, "the answer has no id"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &service{answers: sound()}
			s.answers[tc.request] = tc.answer
			server := httptest.NewServer(s)
			defer server.Close()
			client := server.Client()
			client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			out, ok := lines(t, client, probe.Target{IdentityProvider: tc.idp, URL: server.URL, Token: "T", Groups: true, TestEmail: "a@example.com", Random: "n"})
			if ok || len(out) == 0 || !strings.Contains(out[len(out)-1], tc.want) {
				t.Errorf("%v %q, want %q", ok, out, tc.want)
			}
		})
	}
}

// TestCleanUp: what JumpCloud's test has made goes, also when it fails on the way.
func TestCleanUp(t *testing.T) {
	t.Parallel()
	s := &service{answers: sound()}
	s.answers["PATCH /Groups/g1"] = `404 {"detail": "no such member"}`
	server := httptest.NewServer(s)
	defer server.Close()
	out, ok := lines(t, server.Client(), probe.Target{IdentityProvider: "JumpCloud", URL: server.URL, Token: "T", Groups: true, TestEmail: "a@example.com"})
	want := []string{"DELETE|/Groups/g1|No Content|", "DELETE|/Users/u1|No Content|"}
	if diff := cmp.Diff(want, out[len(out)-2:]); ok || diff != "" {
		t.Errorf("%v (-want +got):\n%s", ok, diff)
	}
}

// TestUnreachable: nobody answers.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	untrusted := httptest.NewTLSServer(&service{})
	defer untrusted.Close()
	gone := httptest.NewServer(&service{})
	gone.Close()
	for url, want := range map[string]string{
		untrusted.URL:                     "identity providers accept certificates of public authorities only",
		gone.URL:                          "nobody answers at 127.0.0.1",
		"http://acme.default.svc:1":       "acme.default.svc is a name inside the cluster",
		"http://no-such-name.invalid/x/y": "look at the DNS record of no-such-name.invalid",
	} {
		out, ok := lines(t, &http.Client{Transport: &http.Transport{}}, probe.Target{IdentityProvider: "Okta", URL: url, Token: "T"})
		if ok || !strings.Contains(out[0], want) {
			t.Errorf("%s: %v %q, want %q", url, ok, out, want)
		}
	}
}
