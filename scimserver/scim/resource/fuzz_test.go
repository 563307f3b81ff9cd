package resource_test

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/tools/txtar"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimtest"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// seed adds the bodies of the cases and of the recorded sessions.
func seed(f *testing.F) {
	f.Helper()
	for _, path := range scimtest.Files(f, "testdata/canonical") {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			if file.Name == "body" {
				f.Add([]byte(scimtest.Expand(string(file.Data))))
			}
		}
	}
	for _, r := range scimtest.Sessions(f) {
		if r.Body != "" {
			f.Add([]byte(r.Body))
		}
	}
}

// FuzzDecode compares with encoding/json and jsontext: what Decode accepts is what they read, and nothing they accept is refused but for
// the limits and names that differ in case only.
func FuzzDecode(f *testing.F) {
	seed(f)
	for _, s := range []string{`{"a":"\ud83d\ude00\u0000"}`, `{"a":1e400}`, `{"a":{"A":1},"b":[[],{}]}`, "{\"a\":\"\xff\"}", `{"a":1,"A":2}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		o, err := resource.Decode(data, resource.Limits{Depth: 1000})
		reference, accepted := tokens(data)
		if err != nil {
			if accepted && !special(err.Error()) {
				t.Fatalf("refused by %v", err)
			}
			return
		}
		if !accepted || !json.Valid(data) {
			t.Fatal("accepted, but not by others")
		}
		encoded := o.AppendJSON(nil)
		if same, _ := tokens(encoded); !reflect.DeepEqual(reference, same) {
			t.Fatalf("read as %s", encoded)
		}
		if _, err := resource.Decode(encoded, resource.Limits{}); err != nil {
			return // deeper than a stored document
		}
		again, err := resource.Parse(encoded)
		if err != nil || !again.Equal(o) || !bytes.Equal(again.AppendJSON(nil), encoded) {
			t.Fatalf("Parse of %s: %v", encoded, err)
		}
	})
}

// special are the reasons for which Decode refuses what is JSON.
func special(message string) bool {
	for _, s := range []string{"a name occurs twice", "must be a JSON object", "nested too deeply", "too many digits", "too many values"} {
		if strings.Contains(message, s) {
			return true
		}
	}
	return false
}

// tokens reads JSON by jsontext, which is strict as well.
func tokens(data []byte) (out []string, ok bool) {
	if !jsontext.Value(data).IsValid() { // one value, no name twice, valid UTF-8
		return nil, false
	}
	d := jsontext.NewDecoder(bytes.NewReader(data))
	for {
		token, err := d.ReadToken()
		if err == io.EOF {
			return out, true
		}
		if err != nil {
			return nil, false
		}
		out = append(out, token.Kind().String()+token.String())
	}
}

// FuzzCanonical holds what a stored document promises.
func FuzzCanonical(f *testing.F) {
	seed(f)
	registry := scimtest.Registry(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		in, err := resource.Decode(data, resource.Limits{})
		if err != nil {
			return
		}
		before := in.Clone()
		for _, rt := range registry.Types() {
			for _, mode := range modes {
				doc, err := resource.Canonical(rt, in, mode.log())
				if err != nil {
					continue
				}
				checkCanonical(t, rt, doc, mode.log)
			}
		}
		if !in.Equal(before) {
			t.Fatal("the input has changed")
		}
	})
}

func checkCanonical(t *testing.T, rt *schema.ResourceType, doc *resource.Object, log func() *tolerance.Log) {
	t.Helper()
	text := string(doc.AppendJSON(nil))
	tol := log()
	again, err := resource.Canonical(rt, doc, tol)
	if err != nil || string(again.AppendJSON(nil)) != text {
		t.Fatalf("Canonical of\n%s is\n%v (%v)", text, again, err)
	}
	for _, rule := range tol.Applied() {
		if rule != tolerance.ReferenceText { // kept as it is
			t.Fatalf("%s needs %v", text, rule)
		}
	}
	parsed, err := resource.Parse([]byte(text))
	if err != nil || !parsed.Equal(doc) {
		t.Fatalf("Parse of %s: %v, %v", text, parsed, err)
	}
	if !strings.HasPrefix(text, `{"schemas":["`+rt.Core.ID+`"`) {
		t.Fatalf("%s does not begin with schemas", text)
	}
	for name, v := range doc.All() {
		checkValue(t, name, v)
	}
}

// checkValue: nothing is empty, nothing is left of links and secrets, at most one element is primary.
func checkValue(t *testing.T, name string, v resource.Value) {
	t.Helper()
	switch name {
	case "id", "meta", "groups", "members", "password", "pin":
		t.Fatalf("%s is in the document", name)
	}
	primaries := 0
	for _, e := range v.Elems() {
		checkValue(t, "", e)
		if e.Object().Value("primary").Bool() {
			primaries++
		}
	}
	for name, w := range v.Object().All() {
		checkValue(t, name, w)
	}
	empty := v.IsNull() || v.Kind() == resource.KindArray && len(v.Elems()) == 0 || v.Kind() == resource.KindObject && v.Object().Len() == 0
	if empty || primaries > 1 {
		t.Fatalf("%s: %s", name, v.AppendJSON(nil))
	}
}

// FuzzParseTime agrees with package time where that reads the text too.
func FuzzParseTime(f *testing.F) {
	for _, s := range []string{"2008-01-23T04:56:22Z", "2008-01-23T04:56:22.123+02:00", "2024-02-29T00:00:00-14:00", "2008-01-23"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := resource.ParseTime(s)
		if !ok {
			return
		}
		want, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			want, err = time.Parse("2006-01-02T15:04:05.999999999", s)
		}
		if err != nil || !got.Equal(want) {
			t.Fatalf("got %v, want %v (%v)", got, want, err)
		}
		loose, ok := resource.LooseTime(s)
		if !ok || loose != s {
			t.Fatalf("LooseTime gives %q, %v", loose, ok)
		}
	})
}
