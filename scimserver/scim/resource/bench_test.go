package resource

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"bytes"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

func BenchmarkDecode(b *testing.B) {
	data := readBench(b, "enterprise_user.json")
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(data, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}
func BenchmarkDecodeJsontext(b *testing.B) {
	data := readBench(b, "enterprise_user.json")
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	d := jsontext.NewDecoder(bytes.NewReader(nil))
	for b.Loop() {
		d.Reset(bytes.NewBuffer(data))
		for {
			tok, err := d.ReadToken()
			if err != nil {
				break
			}
			_ = tok
		}
	}
}
func BenchmarkDecodeStd(b *testing.B) {
	data := readBench(b, "enterprise_user.json")
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		var m map[string]any
		if err := json.Unmarshal(data, &m); err != nil {
			b.Fatal(err)
		}
	}
}

func readBench(b *testing.B, name string) []byte {
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		b.Fatal(err)
	}
	return data
}

func setup(b *testing.B) (*schema.ResourceType, *Object, *Object) {
	r, err := schema.New(schema.Options{Groups: true})
	if err != nil {
		b.Fatal(err)
	}
	rt, _ := r.ResourceType("User")
	in, err := Decode(readBench(b, "enterprise_user.json"), Limits{})
	if err != nil {
		b.Fatal(err)
	}
	doc, err := Canonical(rt, in, tolerance.Compatible())
	if err != nil {
		b.Fatal(err)
	}
	return rt, in, doc
}

func BenchmarkCanonical(b *testing.B) {
	rt, in, _ := setup(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Canonical(rt, in, tolerance.Compatible()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	_, _, doc := setup(b)
	data := doc.AppendJSON(nil)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	_, _, doc := setup(b)
	buf := make([]byte, 0, 8192)
	b.ReportAllocs()
	for b.Loop() {
		buf = doc.AppendJSON(buf[:0])
	}
	b.SetBytes(int64(len(buf)))
}

func BenchmarkAppendResource(b *testing.B) {
	_, _, doc := setup(b)
	data := doc.AppendJSON(nil)
	buf := make([]byte, 0, 8192)
	m := Meta{ResourceType: "User", Created: time.Now(), LastModified: time.Now(), Version: 7, Location: "https://scim.example.com/acme/acme/scim/v2/Users/2819c223-7f76-453a-919d-413861904646"}
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendResource(buf[:0], data, "2819c223-7f76-453a-919d-413861904646", m, Extra{"groups", []byte("[]")})
	}
}

func BenchmarkProject(b *testing.B) {
	rt, _, doc := setup(b)
	full := Full(doc, "2819c223-7f76-453a-919d-413861904646", Meta{ResourceType: "User", Version: 1})
	b.ReportAllocs()
	for b.Loop() {
		p, _ := ParseProjection(rt, "userName,emails.value,urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "")
		_ = p.Apply(rt, full)
	}
}
