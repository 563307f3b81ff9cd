package resource_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
)

// decode reads what a test knows to be well-formed.
func decode(t testing.TB, text string) *resource.Object {
	t.Helper()
	o, err := resource.Decode([]byte(text), resource.Limits{})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return o
}

func TestDecode(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ in, want string }{
		"empty":            {"{}", "{}"},
		"blanks":           {" \t\r\n{ \"a\" : [ 1 , 2 ] , \"b\":{ } } \n", `{"a":[1,2],"b":{}}`},
		"scalars":          {`{"a":true,"b":false,"c":null,"d":"x","e":0}`, `{"a":true,"b":false,"c":null,"d":"x","e":0}`},
		"order is kept":    {`{"z":1,"a":2,"m":3}`, `{"z":1,"a":2,"m":3}`},
		"exact numbers":    {`{"a":[1.0,1e2,-0,12345678901234567890,0.10]}`, `{"a":[1.0,1e2,-0,12345678901234567890,0.10]}`},
		"escapes":          {`{"a":"\"\\\/\b\f\n\r\t\u0041\u00e9\u20ac"}`, `{"a":"\"\\/\u0008\u000c\n\r\tAé€"}`},
		"surrogate pair":   {`{"a":"\ud83d\ude00"}`, `{"a":"😀"}`},
		"NUL is escaped":   {`{"a":"\u0000"}`, `{"a":"\u0000"}`},
		"escape in a name": {`{"\u0061b":1}`, `{"ab":1}`},
		"long string":      {`{"a":"` + strings.Repeat("0123456789é", 1000) + `\n"}`, `{"a":"` + strings.Repeat("0123456789é", 1000) + `\n"}`},
		"not minimal":      {`{"a":"</script>\u2028"}`, `{"a":"</script>` + "\u2028" + `"}`},
		"nested":           {`{"a":[[[{"b":[{}]}]]]}`, `{"a":[[[{"b":[{}]}]]]}`},
		"prototype":        {`{"__proto__":{"admin":true},"constructor":1}`, `{"__proto__":{"admin":true},"constructor":1}`},
		"same in parts":    {`{"a":{"b":1},"b":{"a":1},"c":[{"a":1},{"a":2}]}`, `{"a":{"b":1},"b":{"a":1},"c":[{"a":1},{"a":2}]}`},
		"DEL is plain":     {"{\"a\":\"\x7f\"}", "{\"a\":\"\x7f\"}"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := string(decode(t, tt.in).AppendJSON(nil))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			parsed, err := resource.Parse([]byte(got))
			if err != nil || !parsed.Equal(decode(t, tt.in)) {
				t.Errorf("Parse gives %v, %v", parsed, err)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ in, want string }{
		"nothing":             {"", "the body must be a JSON object at byte 0"},
		"array":               {"[]", "the body must be a JSON object at byte 0"},
		"string":              {` "x"`, "the body must be a JSON object at byte 1"},
		"byte order mark":     {"\ufeff{}", "the body must be a JSON object at byte 0"},
		"open":                {"{", "a name is missing at byte 1"},
		"open string":         {`{"a":"b`, "a string has no end at byte 7"},
		"open array":          {`{"a":[1`, "a comma or closing bracket is missing at byte 7"},
		"trailing comma":      {`{"a":1,}`, "a name is missing at byte 7"},
		"comma in an array":   {`{"a":[1,]}`, "a value is missing at byte 8"},
		"no colon":            {`{"a" 1}`, "a colon is missing at byte 5"},
		"no comma":            {`{"a":1 "b":2}`, "a comma or closing bracket is missing at byte 7"},
		"single quotes":       {`{'a':1}`, "a name is missing at byte 1"},
		"bare name":           {`{a:1}`, "a name is missing at byte 1"},
		"comment":             {`{/**/}`, "a name is missing at byte 1"},
		"more behind":         {`{} {}`, "more behind the JSON object at byte 3"},
		"NUL behind":          {"{}\x00", "more behind the JSON object at byte 2"},
		"wrong word":          {`{"a":tru}`, "a value is missing at byte 5"},
		"word of other case":  {`{"a":True}`, "a value is missing at byte 5"},
		"NaN":                 {`{"a":NaN}`, "a value is missing at byte 5"},
		"plus":                {`{"a":+1}`, "a value is missing at byte 5"},
		"leading zero":        {`{"a":01}`, "a comma or closing bracket is missing at byte 6"},
		"no digit":            {`{"a":-}`, "a number is malformed at byte 6"},
		"no fraction":         {`{"a":1.}`, "a number is malformed at byte 7"},
		"no exponent":         {`{"a":1e+}`, "a number is malformed at byte 8"},
		"endless number":      {`{"a":` + strings.Repeat("1", 129) + `}`, "a number has too many digits at byte 134"},
		"control character":   {"{\"a\":\"x\ny\"}", "a control character in a string at byte 7"},
		"NUL in a string":     {"{\"a\":\"x\x00\"}", "a control character in a string at byte 7"},
		"unknown escape":      {`{"a":"\x41"}`, "an unknown escape in a string at byte 7"},
		"escape cut off":      {`{"a":"\u00`, "an escape in a string is cut off at byte 7"},
		"escape not hex":      {`{"a":"\u00g1"}`, "an escape in a string is no hexadecimal number at byte 7"},
		"high surrogate":      {`{"a":"\ud83d"}`, "half a surrogate pair in a string"},
		"low surrogate":       {`{"a":"\ude00"}`, "half a surrogate pair in a string"},
		"two high surrogates": {`{"a":"\ud83d\ud83d"}`, "half a surrogate pair in a string"},
		"invalid UTF-8":       {"{\"a\":\"\xff\"}", "invalid UTF-8 at byte 6"},
		"overlong UTF-8":      {"{\"a\":\"\xc0\xaf\"}", "invalid UTF-8 at byte 6"},
		"surrogate in UTF-8":  {"{\"a\":\"\xed\xa0\x80\"}", "invalid UTF-8 at byte 6"},
		"twice":               {`{"active":true,"active":false}`, "a name occurs twice (case does not matter) at byte 15"},
		"twice, other case":   {`{"userName":"a","USERNAME":"b"}`, "a name occurs twice (case does not matter) at byte 16"},
		"twice, escaped":      {`{"a":1,"\u0041":2}`, "a name occurs twice (case does not matter) at byte 7"},
		"twice within":        {`{"name":{"x":1,"X":2}}`, "a name occurs twice (case does not matter) at byte 15"},
		"too deep":            {`{"a":` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + "}", "nested too deeply at byte 36"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, err := resource.Decode([]byte(tt.in), resource.Limits{})
			var e *scimerr.Error
			if !errors.As(err, &e) || o != nil {
				t.Fatalf("got %v, %v", o, err)
			}
			if e.Status != 400 || e.ScimType != "invalidSyntax" || !strings.HasPrefix(e.Detail, tt.want) {
				t.Errorf("got %v, want %q", e, tt.want)
			}
		})
	}
}

func TestDecodeLimits(t *testing.T) {
	t.Parallel()
	lim := resource.Limits{Depth: 3, Elements: 5}
	for in, ok := range map[string]bool{
		`{"a":[{}]}`:                      true,
		`{"a":[{"b":{}}]}`:                false,
		`{"a":[1,2,3]}`:                   true,
		`{"a":[1,2,3,4]}`:                 false,
		`{"a":1,"b":2,"c":3,"d":4}`:       true,
		`{"a":1,"b":2,"c":3,"d":4,"e":5}`: false,
	} {
		if _, err := resource.Decode([]byte(in), lim); (err == nil) != ok {
			t.Errorf("%s: %v", in, err)
		}
	}
}

// TestDecodeManyNames: finding names that occur twice costs no square time.
func TestDecodeManyNames(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	text.WriteByte('{')
	for i := range 200_000 {
		fmt.Fprintf(&text, `"name%d":0,`, i)
	}
	start := time.Now()
	if _, err := resource.Decode([]byte(text.String()+`"last":0}`), resource.Limits{}); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
	if _, err := resource.Decode([]byte(text.String()+`"NAME77":0}`), resource.Limits{}); err == nil {
		t.Error("a name that occurs twice is accepted")
	}
}

// TestDecodeCopies: the caller may reuse its buffer.
func TestDecodeCopies(t *testing.T) {
	t.Parallel()
	data := []byte(`{"userName":"ann"}`)
	o, err := resource.Decode(data, resource.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range data {
		data[i] = 'x'
	}
	if got := string(o.AppendJSON(nil)); got != `{"userName":"ann"}` {
		t.Errorf("got %s", got)
	}
}

func TestScanScalar(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in     string
		want   resource.Value
		length int
		ok     bool
	}{
		{`"a\"b" and`, resource.String(`a"b`), 6, true},
		{`true)`, resource.Bool(true), 4, true},
		{`null`, resource.Null(), 4, true},
		{`-1.5e3 `, resource.Number("-1.5e3"), 6, true},
		{`[1]`, resource.Value{}, 0, false},
		{`{}`, resource.Value{}, 0, false},
		{``, resource.Value{}, 0, false},
		{`abc`, resource.Value{}, 0, false},
		{`"abc`, resource.Value{}, 0, false},
	}
	for _, tt := range tests {
		v, n, ok := resource.ScanScalar(tt.in)
		if ok != tt.ok || ok && (n != tt.length || !v.Equal(tt.want)) {
			t.Errorf("ScanScalar(%q) = %v, %d, %v", tt.in, v, n, ok)
		}
	}
}
