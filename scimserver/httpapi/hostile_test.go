package httpapi_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/servertest"
)

// hostile is a request that nobody sends by mistake.
type hostile struct {
	method, path, body string
	headers            []string
	strict             bool   // sent to the Strict tenant
	status             int    // 2xx: it is harmless, and must still be cheap
	scimType           string // "": none
}

const (
	patchHead  = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[`
	searchHead = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"filter":`
	bulkHead   = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[`
	userHead   = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"eve",`
)

// many repeats a text with commas between.
func many(n int, format string) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

func nested(n int, open, middle, end string) string {
	return strings.Repeat(open, n) + middle + strings.Repeat(end, n)
}

func terms(n int, operator string) string {
	return strings.TrimSuffix(strings.Repeat(`title eq "x"`+operator, n), operator)
}

// hostiles are by what is wrong with them; {user} and {group} stand for the ids of what is there.
func hostiles() map[string]hostile {
	filter := func(text string) string { return "/Users?filter=" + url.QueryEscape(text) }
	quoted := func(text string) string { return fmt.Sprintf("%s%q}", searchHead, text) }
	return map[string]hostile{
		// Nesting.
		"objects, 100,000 deep":        {method: "POST", path: "/Users", body: nested(100_000, `{"a":`, "1", "}"), status: 400, scimType: "invalidSyntax"},
		"arrays, 1,000,000 deep":       {method: "POST", path: "/Users", body: `{"a":` + nested(1_000_000, "[", "", "]") + "}", status: 400, scimType: "invalidSyntax"},
		"open objects":                 {method: "PUT", path: "/Users/{user}", body: strings.Repeat(`{"a":`, 300_000), status: 400, scimType: "invalidSyntax"},
		"parentheses, 5,000 deep":      {method: "GET", path: filter(nested(5_000, "(", `title pr`, ")")), status: 400, scimType: "invalidFilter"},
		"negations, 3,000 deep":        {method: "POST", path: "/Users/.search", body: quoted(nested(3_000, "not (", `title pr`, ")")), status: 400, scimType: "invalidFilter"},
		"value filters in one another": {method: "GET", path: filter(nested(1_000, "emails[", `type pr`, "]")), status: 400, scimType: "invalidFilter"},
		"path, 1,000 value filters":    {method: "PATCH", path: "/Users/{user}", body: patchHead + `{"op":"remove","path":"` + nested(1_000, "emails[", "type pr", "]") + `"}]}`, status: 400, scimType: "invalidPath"},
		"JSON in strings in strings":   {method: "PATCH", path: "/Users/{user}", body: patchHead + `{"op":"add","path":"active","value":` + inStrings(12) + `}]}`, status: 400, scimType: "invalidValue"},
		"schema of a deep extension":   {method: "POST", path: "/Users", body: userHead + `"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":` + nested(20, `{"value":`, `"x"`, "}") + "}}", status: 400, scimType: "invalidValue"},
		"deep unknown attribute":       {method: "POST", path: "/Users", body: userHead + `"x":` + nested(40, "[", "", "]") + "}", status: 400, scimType: "invalidSyntax"},
		// Numbers of things.
		"filter of 10,000 terms, URL":   {method: "GET", path: filter(terms(10_000, " or ")), status: 400, scimType: "invalidFilter"},
		"filter of 10,000 terms, body":  {method: "POST", path: "/.search", body: quoted(terms(10_000, " and ")), status: 400, scimType: "invalidFilter"},
		"filter of 600 terms":           {method: "POST", path: "/Users/.search", body: quoted(terms(600, " or ")), status: 400, scimType: "invalidFilter"},
		"filter of a megabyte":          {method: "POST", path: "/Users/.search", body: quoted(`title eq "` + strings.Repeat("x", 1<<20) + `"`), status: 400, scimType: "invalidFilter"},
		"100,000 attributes":            {method: "POST", path: "/Users", body: "{" + many(100_000, `"a%d":1`) + "}", strict: true, status: 400, scimType: "invalidSyntax"},
		"50,000 e-mail addresses":       {method: "POST", path: "/Users", body: userHead + `"emails":[` + many(50_000, `{"value":"%d@x"}`) + "]}", status: 400, scimType: "invalidValue"},
		"30,000 members nobody knows":   {method: "PATCH", path: "/Groups/{group}", body: patchHead + `{"op":"add","path":"members","value":[` + many(30_000, `{"value":"%032d"}`) + "]}]}", status: 400, scimType: "invalidValue"},
		"25,000 operations, last wrong": {method: "PATCH", path: "/Users/{user}", body: patchHead + many(25_000, `{"op":"replace","path":"title","value":"%d"}`) + `,{"op":"x"}]}`, status: 400, scimType: "invalidSyntax"},
		"operations on many values":     {method: "PATCH", path: "/Users/{user}", body: patchHead + `{"op":"add","path":"emails","value":[` + many(9_000, `{"value":"%d@x"}`) + "]}," + many(9_000, `{"op":"replace","path":"emails[value co \"@x\"].display","value":"%d"}`) + "]}", status: 413},
		"20,000 schemas":                {method: "POST", path: "/Users", body: `{"userName":"eve","schemas":[` + many(20_000, `"urn:x:%d"`) + "]}", strict: true, status: 400, scimType: "invalidSyntax"},
		"10,000 projected names":        {method: "GET", path: "/Users?attributes=" + many(10_000, "a%d"), status: 200},
		"10,000 parameters":             {method: "GET", path: "/Users?" + strings.ReplaceAll(many(10_000, "a%d=1"), ",", "&"), status: 200},
		"body over the limit":           {method: "POST", path: "/Users", body: userHead + `"title":"` + strings.Repeat("x", 3<<20) + `"}`, status: 413},
		// Bulk.
		"bulk of 1,001 operations":      {method: "POST", path: "/Bulk", body: bulkHead + many(1_001, `{"method":"DELETE","path":"/Users/%d"}`) + "]}", status: 413},
		"bulk over the limit":           {method: "POST", path: "/Bulk", body: bulkHead + `{"method":"POST","path":"/Users","bulkId":"` + strings.Repeat("x", 3<<20) + `"}]}`, status: 413},
		"bulk of one bulkId":            {method: "POST", path: "/Bulk", body: bulkHead + strings.TrimSuffix(strings.Repeat(`{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"eve"}},`, 2), ",") + "]}", status: 400, scimType: "invalidValue"},
		"bulk in a bulk":                {method: "POST", path: "/Bulk", body: bulkHead + `{"method":"POST","path":"/Bulk","bulkId":"a","data":` + bulkHead + `{"method":"DELETE","path":"/Users/{user}"}]}}]}`, status: 200},
		"bulk of 1,000 in a circle":     {method: "POST", path: "/Bulk", body: bulkHead + circle(1_000) + "]}", status: 200},
		"bulk of a path with dots":      {method: "POST", path: "/Bulk", body: bulkHead + `{"method":"DELETE","path":"/Users/../Users/{user}"},{"method":"DELETE","path":"/Groups/../Users/{user}"},{"method":"DELETE","path":"//Users"}]}`, status: 200},
		"bulk that never stops failing": {method: "POST", path: "/Bulk", body: bulkHead + `{"method":"DELETE","path":"/Users/x"}],"failOnErrors":-1}`, status: 400, scimType: "invalidValue"},
		// What JSON leaves open.
		"name twice":                {method: "PUT", path: "/Users/{user}", body: userHead + `"userName":"mallory"}`, status: 400, scimType: "invalidSyntax"},
		"name twice, by case":       {method: "PUT", path: "/Users/{user}", body: userHead + `"USERNAME":"mallory"}`, status: 400, scimType: "invalidSyntax"},
		"name twice, by escape":     {method: "PUT", path: "/Users/{user}", body: userHead + `"user\u004eame":"mallory"}`, status: 400, scimType: "invalidSyntax"},
		"name twice, below":         {method: "PATCH", path: "/Users/{user}", body: patchHead + `{"op":"add","path":"title","value":"a","value":"b"}]}`, status: 400, scimType: "invalidSyntax"},
		"invalid UTF-8":             {method: "PUT", path: "/Users/{user}", body: userHead + "\"title\":\"\xff\xfe\"}", status: 400, scimType: "invalidSyntax"},
		"invalid UTF-8 in a name":   {method: "POST", path: "/Users", body: userHead + "\"\xc0\x80\":1}", status: 400, scimType: "invalidSyntax"},
		"invalid UTF-8 in a filter": {method: "GET", path: "/Users?filter=userName+eq+%22%ff%22", status: 400, scimType: "invalidFilter"},
		"UTF-16":                    {method: "POST", path: "/Users", body: "\xfe\xff\x00{\x00}", status: 400, scimType: "invalidSyntax"},
		"half a surrogate pair":     {method: "PUT", path: "/Users/{user}", body: userHead + `"title":"\ud800"}`, status: 400, scimType: "invalidSyntax"},
		"NUL":                       {method: "PUT", path: "/Users/{user}", body: userHead + `"title":"a\u0000b"}`, status: 400, scimType: "invalidValue"},
		"number out of range":       {method: "PATCH", path: "/Users/{user}", body: patchHead + `{"op":"add","path":"` + acmeURN + `:size","value":9223372036854775808}]}`, status: 400, scimType: "invalidValue"},
		"number beyond all floats":  {method: "PATCH", path: "/Users/{user}", body: patchHead + `{"op":"add","path":"` + acmeURN + `:share","value":1e400}]}`, status: 400, scimType: "invalidValue"},
		"number of a megabyte":      {method: "PUT", path: "/Users/{user}", body: userHead + `"x":` + strings.Repeat("9", 1<<20) + "}", status: 400, scimType: "invalidSyntax"},
		"number in a filter":        {method: "GET", path: filter(acmeURN + ":size gt 1e400"), status: 400, scimType: "invalidFilter"},
		"page beyond all numbers":   {method: "GET", path: "/Users?startIndex=99999999999999999999999&count=99999999999999999999999", status: 200},
		"negative page":             {method: "GET", path: "/Users?startIndex=-99999999999999999999999&count=-1", status: 200},
		// Names that mean something to others.
		"__proto__ as a path":   {method: "PATCH", path: "/Users/{user}", body: patchHead + `{"op":"add","path":"__proto__.admin","value":true}]}`, status: 400, scimType: "invalidPath"},
		"constructor as a path": {method: "PATCH", path: "/Users/{user}", body: patchHead + `{"op":"add","path":"constructor.prototype.admin","value":true}]}`, status: 400, scimType: "invalidPath"},
		"__proto__ as a key":    {method: "PATCH", path: "/Users/{user}", body: patchHead + `{"op":"add","value":{"__proto__":{"active":false},"__proto__.active":false,"constructor":{"prototype":{"active":false}}}}]}`, status: 200},
		"__proto__, Strict":     {method: "POST", path: "/Users", body: userHead + `"__proto__":{"admin":true}}`, strict: true, status: 400, scimType: "invalidSyntax"},
		"Filter, Strict":        {method: "GET", path: "/Users?Filter=userName+eq+%22x%22", strict: true, status: 400, scimType: "invalidFilter"},
		"__proto__ as a filter": {method: "GET", path: filter(`__proto__.admin eq true`), status: 400, scimType: "invalidFilter"},
		"__proto__ as an order": {method: "GET", path: "/Users?sortBy=__proto__", status: 400, scimType: "invalidPath"},
		// Texts that are patterns elsewhere.
		"regular expression": {method: "GET", path: filter(`userName co "(a+)+$" or userName sw "^(([a-z])+.)+[A-Z]([a-z])+$" or userName ew ".*.*.*.*.*x"`), status: 200},
		"wildcards of LIKE":  {method: "GET", path: filter(`userName co "%" or userName sw "_" or userName ew "[a-z]" or userName eq "*"`), status: 200},
		"SQL":                {method: "GET", path: filter(`userName eq "x' OR '1'='1" or title co "'; DROP TABLE resource; --"`), status: 200},
		"long common prefix": {method: "GET", path: filter(`userName co "` + strings.Repeat("a", 8_000) + `b"`), status: 200},
		// Versions.
		"PUT of another version":    {method: "PUT", path: "/Users/{user}", body: userHead + `"title":"x"}`, headers: []string{"If-Match", `W/"99"`}, status: 412},
		"PATCH of another version":  {method: "PATCH", path: "/Users/{user}", body: patchHead + `{"op":"add","path":"title","value":"x"}]}`, headers: []string{"If-Match", `W/"0", "abc", W/"18446744073709551617"`}, status: 412},
		"DELETE of another version": {method: "DELETE", path: "/Users/{user}", headers: []string{"If-Match", `W/"2"`}, status: 412},
		"10,000 versions":           {method: "DELETE", path: "/Users/{user}", headers: []string{"If-Match", strings.ReplaceAll(many(10_000, `W/"9%d"`), ",", ", ")}, status: 412},
		"DELETE unless it is there": {method: "DELETE", path: "/Users/{user}", headers: []string{"If-None-Match", "*"}, status: 412},
		// Ids and paths.
		"id with a slash":            {method: "DELETE", path: "/Users/a/b", status: 404},
		"id with an escaped slash":   {method: "DELETE", path: "/Users/a%2Fb", status: 404},
		"id behind an escaped slash": {method: "DELETE", path: "/Users/x%2F..%2F{user}", status: 404},
		"id behind dots":             {method: "DELETE", path: "/Groups/../Users/{user}", status: 404},
		"id with a backslash":        {method: "DELETE", path: "/Users/..%5C{user}", status: 404},
		"id with more behind a NUL":  {method: "DELETE", path: "/Users/{user}%00x", status: 404},
		"id in braces":               {method: "DELETE", path: "/Users/%7B{user}%7D", status: 404},
		"id without hyphens":         {method: "DELETE", path: "/Users/{bare}", status: 404},
		"id of a megabyte":           {method: "GET", path: "/Users/" + strings.Repeat("a", 1<<20), status: 404},
		"id of invalid UTF-8":        {method: "DELETE", path: "/Users/%ff%fe", status: 404},
		// Media.
		"compressed body":          {method: "POST", path: "/Users", body: "\x1f\x8b\x08\x00", headers: []string{"Content-Encoding", "gzip"}, status: 415},
		"XML":                      {method: "POST", path: "/Users", body: `<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>`, headers: []string{"Content-Type", "application/xml"}, status: 415},
		"media type of a megabyte": {method: "POST", path: "/Users", body: "{}", headers: []string{"Content-Type", "application/" + strings.Repeat("x;", 500_000)}, status: 415},
	}
}

// inStrings is JSON in a string in a string …; each level doubles the escapes.
func inStrings(n int) string {
	text := `{"value":"Admin"}`
	for range n {
		text = fmt.Sprintf("[{\"value\":%q}]", text)
		if len(text) > 1<<20 {
			break
		}
	}
	return text
}

// circle is of operations each of which refers to the next; all fail, for the name is taken.
func circle(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"method":"POST","path":"/Groups","bulkId":"%d","data":{"members":[{"value":"bulkId:%d"}]}}`, i, (i+1)%n)
	}
	return b.String()
}

// Bounds on one request, however it is made. A body of 2 MiB is decoded into several times its size.
const (
	mostBytes = 96 << 20
	mostTime  = 15 * time.Second // a second at most on a machine that does nothing else
)

// TestHostileRequests: whatever is sent, the answer is a SCIM error, comes soon, takes bounded memory, and nothing is changed.
func TestHostileRequests(t *testing.T) {
	server := servertest.New(t)
	compatible := newVictim(t, server)
	strict := newVictim(t, server, servertest.Strict())
	for name, h := range hostiles() {
		v := compatible
		if h.strict {
			v = strict
		}
		t.Run(name, func(t *testing.T) { v.suffer(t, server.Handler, h) })
	}
}

// victim is a tenant with a user and a group.
type victim struct {
	*servertest.Tenant
	expand *strings.Replacer
	before string
}

func newVictim(t *testing.T, server *servertest.Server, opts ...servertest.TenantOption) *victim {
	t.Helper()
	v := &victim{Tenant: server.NewTenant(t, append(opts, servertest.Extension(acme))...)}
	user := v.Create(t, "/Users", userHead+`"emails":[{"type":"work","value":"eve@example.com"}]}`)
	group := v.Create(t, "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Staff","members":[{"value":"`+user+`"}]}`)
	v.expand = strings.NewReplacer("{user}", user, "{group}", group, "{bare}", strings.ReplaceAll(user, "-", ""))
	v.before = v.all(t)
	return v
}

func (v *victim) all(t *testing.T) string {
	t.Helper()
	a := v.Do(t, http.MethodGet, "/", "")
	if a.Status != http.StatusOK {
		t.Fatalf("GET /: %d %s", a.Status, a.Body)
	}
	return string(a.Body)
}

func (v *victim) suffer(t *testing.T, handler http.Handler, h hostile) {
	t.Helper()
	path := strings.SplitAfterN(v.BaseURL, "/test/", 2)
	r := httptest.NewRequest(h.method, "/", strings.NewReader(v.expand.Replace(h.body)))
	target, err := url.ParseRequestURI("/test/" + path[1] + v.expand.Replace(h.path))
	if err != nil {
		t.Fatal(err)
	}
	r.URL = target
	r.Header.Set("Authorization", "Bearer "+v.Token)
	if h.body != "" {
		r.Header.Set("Content-Type", "application/scim+json")
	}
	for i := 0; i+1 < len(h.headers); i += 2 {
		r.Header.Set(h.headers[i], h.headers[i+1])
	}
	w := httptest.NewRecorder()
	began, allocated := time.Now(), allocatedBytes()
	handler.ServeHTTP(w, r)
	took, grown := time.Since(began), allocatedBytes()-allocated
	t.Logf("%v, %d KiB", took, grown>>10)
	if took > mostTime || grown > mostBytes {
		t.Errorf("took %v and %d MiB", took, grown>>20)
	}
	if w.Code != h.status {
		t.Errorf("got %d %.500s, want %d", w.Code, w.Body, h.status)
	}
	if h.status >= 400 {
		wantError(t, servertest.Answer{Status: w.Code, Header: w.Header(), Body: w.Body.Bytes()}, h.status)
		if h.scimType != "" && !bytes.Contains(w.Body.Bytes(), []byte(`"scimType":"`+h.scimType+`"`)) {
			t.Errorf("got %.500s, want %s", w.Body, h.scimType)
		}
		if w.Body.Len() > 2_000 {
			t.Errorf("an error of %d bytes", w.Body.Len())
		}
	}
	if after := v.all(t); after != v.before {
		t.Errorf("it has changed something:\n%.1000s\n%.1000s", v.before, after)
		v.before = after
	}
}

// allocatedBytes is what the program has allocated in all.
func allocatedBytes() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
