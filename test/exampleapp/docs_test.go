package exampleapp_test

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/outbox/set"
	"github.com/scim-operator/scim-operator/scimserver/outbox/webhook"
	"github.com/scim-operator/scim-operator/test/exampleapp"
)

// blocks are the code blocks of docs/delivery.md in a language.
func blocks(t *testing.T, language string) (list []string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/delivery.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllSubmatch(text, -1) {
		list = append(list, string(m[1]))
	}
	if len(list) == 0 {
		t.Fatalf("docs/delivery.md has no %s", language)
	}
	return list
}

// TestDocumentedGo: the code of the docs is the one that TestDocumentedVerification runs.
func TestDocumentedGo(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("verify_test.go")
	if err != nil {
		t.Fatal(err)
	}
	if code := blocks(t, "go")[0]; !strings.HasSuffix(string(source), "\n"+code) {
		t.Errorf("verify_test.go does not end with the code of docs/delivery.md:\n%s", code)
	}
}

// request is what an example has to judge.
type request struct {
	Header map[string]string `json:"header"`
	Body   string            `json:"body"`
	Now    int64             `json:"now"`
	Key    string            `json:"key"` // base64
	Want   bool              `json:"want"`
}

func requests() []request {
	key, other := webhook.Key(strings.Repeat("k", 32)), webhook.Key(strings.Repeat("o", 32))
	at, body := time.Unix(1785000000, 0), `{"type":"member.created","name":"Zoë"}`
	make := func(signature, body string, now time.Time, want bool) request {
		return request{
			Header: map[string]string{"webhook-id": "evt_1", "webhook-timestamp": strconv.FormatInt(at.Unix(), 10), "webhook-signature": signature},
			Body:   body, Now: now.Unix(), Key: strings.TrimPrefix(key.Encode(), "whsec_"), Want: want,
		}
	}
	sign := func(keys ...webhook.Key) string { return webhook.Sign(keys, "evt_1", at, []byte(body)) }
	return []request{
		make(sign(key), body, at, true),
		make(sign(other, key), body, at.Add(4*time.Minute), true),
		make(sign(key), body, at.Add(6*time.Minute), false),
		make(sign(key), body, at.Add(-6*time.Minute), false),
		make(sign(other), body, at, false),
		make(sign(key), body+" ", at, false),
		make("v1,AAAA", body, at, false),
		make("", body, at, false),
	}
}

func TestDocumentedVerification(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(requests())
	if err != nil {
		t.Fatal(err)
	}
	programs := map[string][]string{
		"python3": {"-c", blocks(t, "python")[0] + "\nimport json, sys\n" +
			"print([verify(base64.b64decode(r['key']), r['header'], r['body'].encode(), r['now']) for r in json.load(sys.stdin)])"},
		"node": {"-e", blocks(t, "js")[0] + "\nconst rs = JSON.parse(require('node:fs').readFileSync(0));\n" +
			"console.log(rs.map((r) => verify(Buffer.from(r.key, 'base64'), r.header, r.body, r.now * 1000)))"},
	}
	want := []string{}
	for _, r := range requests() {
		h := http.Header{}
		for name, value := range r.Header {
			h.Set(name, value)
		}
		if got := verify([]byte(strings.Repeat("k", 32)), h, []byte(r.Body), time.Unix(r.Now, 0)); got != r.Want {
			t.Errorf("Go: %v for %+v", got, r)
		}
		want = append(want, strconv.FormatBool(r.Want))
	}
	for program, args := range programs {
		t.Run(program, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(program); err != nil {
				t.Skipf("%s is not installed: install it to have its example run", program)
			}
			cmd := exec.CommandContext(t.Context(), program, args...)
			cmd.Stdin = strings.NewReader(string(text))
			out, err := cmd.CombinedOutput()
			got := regexp.MustCompile(`true|false`).FindAllString(strings.ToLower(string(out)), -1)
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%v: %s\nwant %v", err, out, want)
			}
		})
	}
}

// TestDocumentedJSON: the inventory takes the events of the docs, and the others are what they are said to be.
func TestDocumentedJSON(t *testing.T) {
	t.Parallel()
	var actions, events int
	for _, block := range blocks(t, "json") {
		var one struct {
			Type   string `json:"type"`
			Events any    `json:"events"`
		}
		if err := json.Unmarshal([]byte(block), &one); err != nil {
			t.Errorf("%v in\n%s", err, block)
			continue
		}
		switch list := one.Events.(type) {
		case []any:
			for _, e := range list {
				text, err := json.Marshal(e.(map[string]any)["event"])
				if err != nil {
					t.Fatal(err)
				}
				takes(t, string(text))
				events++
			}
		case map[string]any:
			var c set.Claims
			if err := json.Unmarshal([]byte(block), &c); err != nil || c.Subject.Format != "scim" || len(c.Events[set.PatchNotice].Attributes) != 1 {
				t.Errorf("%v: %+v", err, c)
			}
		default:
			takes(t, block)
			actions++
		}
	}
	if actions != 2 || events != 1 {
		t.Errorf("%d events and %d in a feed", actions, events)
	}
}

func takes(t *testing.T, body string) {
	t.Helper()
	a, key := newApp(t, exampleapp.Options{})
	if w := deliver(a, key, "1", body, time.Now()); w.Code != http.StatusNoContent {
		t.Errorf("%d %s for\n%s", w.Code, w.Body, body)
	}
	if m := a.Members("customers/acme"); len(m) != 1 || m[0].UserName != "ann@example.com" {
		t.Errorf("%+v after\n%s", m, body)
	}
}
