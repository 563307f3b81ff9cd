package resource_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
)

func TestValue(t *testing.T) {
	t.Parallel()
	o := resource.NewObject(1)
	o.Set("a", resource.String(""))
	tests := map[string]struct {
		value resource.Value
		kind  resource.Kind
		json  string
	}{
		"null":         {resource.Null(), resource.KindNull, "null"},
		"zero":         {resource.Value{}, resource.KindNull, "null"},
		"true":         {resource.Bool(true), resource.KindBool, "true"},
		"false":        {resource.Bool(false), resource.KindBool, "false"},
		"number":       {resource.Number("1.50"), resource.KindNumber, "1.50"},
		"string":       {resource.String("é\n"), resource.KindString, `"é\n"`},
		"empty string": {resource.String(""), resource.KindString, `""`},
		"array":        {resource.Array(resource.Bool(true), resource.Null()), resource.KindArray, "[true,null]"},
		"empty array":  {resource.Array(), resource.KindArray, "[]"},
		"object":       {resource.Obj(o), resource.KindObject, `{"a":""}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tt.value.Kind() != tt.kind || tt.value.IsNull() != (tt.kind == resource.KindNull) {
				t.Errorf("kind %v", tt.value.Kind())
			}
			if got := string(tt.value.AppendJSON(nil)); got != tt.json {
				t.Errorf("JSON %s, want %s", got, tt.json)
			}
			for other, u := range tests {
				if same := other == name || tt.json == u.json; tt.value.Equal(u.value) != same {
					t.Errorf("Equal(%s) = %v", other, !same)
				}
			}
			// What is of another kind gives nothing, and no panic.
			if tt.kind != resource.KindString && tt.kind != resource.KindNumber && tt.value.Text() != "" {
				t.Error("has a text")
			}
			if (tt.value.Elems() != nil) != (tt.json == "[true,null]") || (tt.value.Object() != nil) != (name == "object") {
				t.Error("has elements or an object")
			}
		})
	}
}

func TestObject(t *testing.T) {
	t.Parallel()
	o := decode(t, `{"userName":"ann","name":{"givenName":"Ann"},"active":true}`)
	if v, ok := o.Get("USERNAME"); !ok || v.Text() != "ann" {
		t.Errorf("Get = %v, %v", v, ok)
	}
	o.Set("Active", resource.Bool(false))
	o.Set("title", resource.String("x"))
	o.Insert(1, "id", resource.String("1"))
	if !o.Delete("NAME") || o.Delete("name") {
		t.Error("Delete finds nothing, or twice")
	}
	if diff := cmp.Diff(`{"userName":"ann","id":"1","active":false,"title":"x"}`, string(o.AppendJSON(nil))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var names []string
	for name := range o.All() {
		names = append(names, name)
		if name == "active" {
			break
		}
	}
	if diff := cmp.Diff([]string{"userName", "id", "active"}, names); diff != "" {
		t.Errorf("All (-want +got):\n%s", diff)
	}
	var none *resource.Object
	if none.Len() != 0 || !none.Value("x").IsNull() {
		t.Error("nil has something")
	}
	for range none.All() {
		t.Error("nil yields something")
	}
}

func TestObjectEqual(t *testing.T) {
	t.Parallel()
	a := decode(t, `{"a":1,"b":[{"c":"x","d":null}]}`)
	for text, want := range map[string]bool{
		`{"a":1,"b":[{"c":"x","d":null}]}`:   true,
		`{"b":[{"d":null,"c":"x"}],"A":1}`:   true,
		`{"a":1,"b":[{"c":"x"}]}`:            false,
		`{"a":1.0,"b":[{"c":"x","d":null}]}`: false,
		`{"a":1}`:                            false,
		`{"a":1,"x":[{"c":"x","d":null}]}`:   false,
		`{"a":1,"b":{"c":"x","d":null}}`:     false,
	} {
		if a.Equal(decode(t, text)) != want || decode(t, text).Equal(a) != want {
			t.Errorf("Equal(%s) is not %v", text, want)
		}
	}
}

func TestClone(t *testing.T) {
	t.Parallel()
	const text = `{"name":{"givenName":"Ann"},"emails":[{"value":"a@x"}],"active":true}`
	o := decode(t, text)
	c := o.Clone()
	c.Value("name").Object().Set("givenName", resource.String("Bob"))
	c.Value("emails").Elems()[0].Object().Set("value", resource.String("b@x"))
	c.Set("active", resource.Bool(false))
	if got := string(o.AppendJSON(nil)); got != text {
		t.Errorf("the original has become %s", got)
	}
	if got := string(c.AppendJSON(nil)); got != `{"name":{"givenName":"Bob"},"emails":[{"value":"b@x"}],"active":false}` {
		t.Errorf("the clone is %s", got)
	}
}

func TestAppendString(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                      `""`,
		"plain":                 `"plain"`,
		"a\"b\\c":               `"a\"b\\c"`,
		"\n\r\t":                `"\n\r\t"`,
		"\x00\x01\x1f":          `"\u0000\u0001\u001f"`,
		"12345678\"":            `"12345678\""`,
		"1234567\x1f9":          `"1234567\u001f9"`,
		"</script>&<'":          `"</script>&<'"`,
		"ü\u2028\U0001f600\x7f": "\"ü\u2028\U0001f600\x7f\"",
	} {
		if got := string(resource.AppendString(nil, in)); got != want {
			t.Errorf("AppendString(%q) = %s, want %s", in, got, want)
		}
	}
}
