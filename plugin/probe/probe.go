package probe

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// Target is what is tested.
type Target struct {
	IdentityProvider string // Okta, EntraID, OneLogin, JumpCloud, Generic
	URL              string // SCIM base URL
	Token            string
	UniqueIdentifier string // userName, email, externalId
	Groups           bool
	// TestEmail is the address of the user that JumpCloud's test creates and deletes.
	TestEmail string
	// Random is a part of names that nobody has.
	Random string
}

// Client sends requests.
type Client interface {
	Do(*http.Request) (*http.Response, error)
}

// Result is one request and its verdict.
type Result struct {
	Method, Path string
	Status       int // 0: there was no answer
	// Problem says what is wrong and what to do; "": nothing is.
	Problem string
}

// step is a request of a test. Later ones use what earlier ones have made.
type step struct {
	method, path string
	body         any
	agent        string
	want         []int
	check        func(*run, map[string]any) string
	// cleanup steps run although an earlier one has failed.
	cleanup bool
	// skip tells whether the step means nothing; nil: it never does.
	skip func(*run) bool
}

// run is a test under way.
type run struct {
	Target
	client        Client
	user, group   string // ids of what was made
	tell          func(Result)
	failed        bool
	authorization string
}

// Run makes the requests of the identity provider's test, tells of each, and returns whether all went well.
func Run(ctx context.Context, client Client, t Target, tell func(Result)) bool {
	r := &run{Target: t, client: client, tell: tell, authorization: "Bearer " + t.Token}
	for _, s := range r.steps() {
		if (r.failed && !s.cleanup) || (s.skip != nil && s.skip(r)) {
			continue
		}
		r.do(ctx, s)
	}
	return !r.failed
}

func (r *run) do(ctx context.Context, s step) {
	path := strings.NewReplacer("{user}", r.user, "{group}", r.group).Replace(s.path)
	out := Result{Method: s.method, Path: path}
	answer, err := r.send(ctx, s, path)
	switch {
	case err != nil:
		out.Problem = unreachable(r.URL, err)
	default:
		out.Status = answer.status
		out.Problem = judge(answer, s.want)
		if out.Problem == "" && s.check != nil {
			out.Problem = s.check(r, answer.body)
		}
	}
	r.failed = r.failed || out.Problem != ""
	r.tell(out)
}

func (r *run) send(ctx context.Context, s step, path string) (*answer, error) {
	var body strings.Builder
	if s.body != nil {
		text, err := json.Marshal(s.body)
		if err != nil {
			return nil, fmt.Errorf("encode the request: %w", err)
		}
		body.WriteString(strings.NewReplacer("{user}", r.user).Replace(string(text)))
	}
	request, err := http.NewRequestWithContext(ctx, s.method, r.URL+path, strings.NewReader(body.String()))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", r.authorization)
	request.Header.Set("Accept", "application/scim+json")
	request.Header.Set("User-Agent", s.agent) // "" sends none, as Entra does
	if s.body != nil {
		request.Header.Set("Content-Type", "application/scim+json; charset=utf-8")
	}
	response, err := r.client.Do(request) //nolint:bodyclose // readAnswer does it
	if err != nil {
		return nil, err
	}
	return readAnswer(response)
}
