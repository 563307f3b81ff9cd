package resource_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimtest"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// example is the enterprise user of RFC 7643 §8.3, as it is printed there.
func example(b *testing.B) []byte {
	b.Helper()
	data, err := os.ReadFile("testdata/enterprise_user.json")
	if err != nil {
		b.Fatal(err)
	}
	return data
}

// stored is its canonical document.
func stored(b *testing.B) (*schema.ResourceType, *resource.Object, []byte) {
	b.Helper()
	rt := scimtest.Type(b, "User")
	doc, err := resource.Canonical(rt, decode(b, string(example(b))), tolerance.Compatible())
	if err != nil {
		b.Fatal(err)
	}
	return rt, doc, doc.AppendJSON(nil)
}

func BenchmarkDecode(b *testing.B) {
	data := example(b)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := resource.Decode(data, resource.Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkJSONText is what jsontext needs to read the same text by token, without making anything of it.
func BenchmarkJSONText(b *testing.B) {
	data := example(b)
	d := jsontext.NewDecoder(bytes.NewReader(nil))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		d.Reset(bytes.NewBuffer(data))
		for _, err := d.ReadToken(); err == nil; _, err = d.ReadToken() {
		}
	}
}

func BenchmarkCanonical(b *testing.B) {
	rt := scimtest.Type(b, "User")
	in := decode(b, string(example(b)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := resource.Canonical(rt, in, tolerance.Compatible()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	_, _, data := stored(b)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := resource.Parse(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	_, doc, data := stored(b)
	buf := make([]byte, 0, 2*len(data))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		buf = doc.AppendJSON(buf[:0])
	}
}

func BenchmarkAppendResource(b *testing.B) {
	_, _, data := stored(b)
	buf := make([]byte, 0, 2*len(data))
	groups := resource.Extra{Name: "groups", JSON: []byte("[]")}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		buf = resource.AppendResource(buf[:0], data, "2819c223-7f76-453a-919d-413861904646", meta, groups)
	}
}

func BenchmarkProject(b *testing.B) {
	rt, doc, _ := stored(b)
	full := resource.Full(doc, "2819c223-7f76-453a-919d-413861904646", meta)
	b.ReportAllocs()
	for b.Loop() {
		p, err := resource.ParseProjection(rt, "userName,emails.value,"+schema.EnterpriseUserID+":department", "")
		if err != nil || p.Apply(rt, full).Len() != 5 {
			b.Fatal(err)
		}
	}
}

func BenchmarkMembers(b *testing.B) {
	rt := scimtest.Type(b, "Group")
	data := []byte(`{"schemas":["` + schema.GroupID + `"],"displayName":"g","members":[{"value":"u0"}`)
	for i := range 10_000 {
		data = append(data, `,{"value":"2819c223-7f76-453a-919d-`...)
		for j := 100_000_000_000; j > 0; j /= 10 {
			data = append(data, byte('0'+i/j%10))
		}
		data = append(data, `","display":"Babs Jensen"}`...)
	}
	data = append(data, "]}"...)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		ids, _, err := resource.Members(rt, decode(b, string(data)), tolerance.Compatible())
		if err != nil || len(ids) != 10_001 {
			b.Fatal(len(ids), err)
		}
	}
}
