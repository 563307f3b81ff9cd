package servertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// A session is a txtar archive of what one client says to the server, and what it must hear.
//
//	What this session is about.
//
//	tenant: groups=false bodyBytes=2048
//	-- 01-create.http --
//	# ann = id
//	POST /Users
//	Content-Type: application/scim+json
//
//	{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ann"}
//	-- 01-create.want --
//	201 Created
//	…
//
// A request line is relative to the tenant's base URL. `# name = path` keeps a value of the answer's JSON body for {{name}}
// in later requests: members and indexes joined by dots, and a slash at the end for the last element of a URL. {{base}} and
// {{token}} are there from the start. A request without an Authorization header gets `Bearer {{token}}`; an empty one sends
// none.
//
// In the wanted answer, kept values and the base URL stand as {{name}}, meta.created and meta.lastModified as {{time}}.
type session struct {
	steps []step
	vars  *variables
}

const (
	requestSuffix = ".http"
	answerSuffix  = ".want"
)

// Replay sends every request of the archive to the tenant at baseURL and reports the answers that are not as wanted.
// The tenant must be empty, or hold nothing that the session's requests would find.
func Replay(ctx context.Context, client *http.Client, baseURL, token string, archive *txtar.Archive) error {
	var faults []error
	err := play(ctx, client, baseURL, token, archive, func(s step, got string) {
		if diff := cmp.Diff(strings.Split(s.want, "\n"), strings.Split(got, "\n")); diff != "" {
			faults = append(faults, fmt.Errorf("%s: answer differs (-want +got):\n%s", s.name, diff))
		}
	})
	return errors.Join(append(faults, err)...)
}

// Record is Replay that takes the answers as they are: it returns the archive with them as the wanted ones.
func Record(ctx context.Context, client *http.Client, baseURL, token string, archive *txtar.Archive) (*txtar.Archive, error) {
	out := &txtar.Archive{Comment: archive.Comment}
	var loose []error
	sent := txtar.Format(archive)
	err := play(ctx, client, baseURL, token, archive, func(s step, got string) {
		if id := generated.FindString(got); id != "" && !bytes.Contains(sent, []byte(id)) {
			loose = append(loose, fmt.Errorf("%s: answer holds the id %s: give it a name", s.name, id))
		}
		out.Files = append(out.Files,
			txtar.File{Name: s.name + requestSuffix, Data: s.source},
			txtar.File{Name: s.name + answerSuffix, Data: []byte(got)})
	})
	return out, errors.Join(append(loose, err)...)
}

// generated finds what a server makes anew in every run.
var generated = regexp.MustCompile(`[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

func play(ctx context.Context, client *http.Client, baseURL, token string, archive *txtar.Archive, heard func(step, string)) error {
	s, err := newSession(baseURL, token, archive)
	if err != nil {
		return err
	}
	for _, step := range s.steps {
		got, err := s.perform(ctx, client, step)
		if err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		heard(step, got)
	}
	return nil
}

func newSession(baseURL, token string, archive *txtar.Archive) (*session, error) {
	s := &session{vars: newVariables(baseURL, token)}
	wants := map[string]string{}
	for _, f := range archive.Files {
		switch {
		case strings.HasSuffix(f.Name, answerSuffix):
			wants[strings.TrimSuffix(f.Name, answerSuffix)] = string(f.Data)
		case strings.HasSuffix(f.Name, requestSuffix):
			st, err := parseStep(strings.TrimSuffix(f.Name, requestSuffix), f.Data)
			if err != nil {
				return nil, err
			}
			s.steps = append(s.steps, st)
		default:
			return nil, fmt.Errorf("file %q: want a name ending in %s or %s", f.Name, requestSuffix, answerSuffix)
		}
	}
	return s, s.pair(wants)
}

// pair gives each step its wanted answer; one without a step is an error, a step without one is for Record.
func (s *session) pair(wants map[string]string) error {
	for i := range s.steps {
		s.steps[i].want = wants[s.steps[i].name]
		delete(wants, s.steps[i].name)
	}
	for name := range wants {
		return fmt.Errorf("file %q: no %s%s", name+answerSuffix, name, requestSuffix)
	}
	if len(s.steps) == 0 {
		return errors.New("no requests")
	}
	return nil
}

func (s *session) perform(ctx context.Context, client *http.Client, st step) (string, error) {
	req, err := st.request(ctx, s.vars)
	if err != nil {
		return "", err
	}
	res, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(res.Body); err != nil {
		return "", err
	}
	if err := s.vars.keep(st.captures, body.Bytes()); err != nil {
		return "", err
	}
	return s.vars.neutralise(printAnswer(res, body.Bytes())), nil
}

// comparedHeaders are the ones of an answer that a session holds, in this order.
var comparedHeaders = []string{"Content-Type", "ETag", "Location", "Allow", "Retry-After", "WWW-Authenticate"}

func printAnswer(res *http.Response, body []byte) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s\n", res.StatusCode, http.StatusText(res.StatusCode))
	for _, name := range comparedHeaders {
		for _, value := range slices.Sorted(slices.Values(res.Header.Values(name))) {
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	if len(body) > 0 {
		fmt.Fprintf(&b, "\n%s\n", indent(body))
	}
	return b.String()
}
