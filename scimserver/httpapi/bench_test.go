package httpapi_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/servertest"
)

// sink is a ResponseWriter that keeps nothing but the status.
type sink struct {
	header http.Header
	status int
	bytes  int
}

func (s *sink) Header() http.Header { return s.header }

func (s *sink) WriteHeader(status int) { s.status = status }

func (s *sink) Write(p []byte) (int, error) {
	s.bytes += len(p)
	return len(p), nil
}

// bench is a tenant without a network.
type bench struct {
	server *servertest.Server
	tenant *servertest.Tenant
	users  []string
}

const benchUsers = 1000

func newBench(b *testing.B) *bench {
	b.Helper()
	server := servertest.New(b)
	x := &bench{server: server, tenant: server.NewTenant(b)}
	for i := range benchUsers {
		x.users = append(x.users, x.tenant.Create(b, "/Users", benchUser(i)))
	}
	return x
}

func benchUser(i int) string {
	return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"userName":"user%07d@example.com","externalId":"00u%07d","name":{"givenName":"Given%d","familyName":"Family%d"},"displayName":"Given%d Family%d","emails":[{"primary":true,"value":"user%07d@example.com","type":"work"}],"active":true,"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Engineering","employeeNumber":"%d"}}`,
		i, i, i, i, i, i, i, i)
}

// request answers one request in-process and fails on any other status.
func (x *bench) request(b *testing.B, want int, method, path, body string) {
	u, err := url.ParseRequestURI("/" + x.tenant.Key + "/scim/v2" + path)
	if err != nil {
		b.Fatal(err)
	}
	r := &http.Request{
		Method: method, URL: u, RequestURI: u.String(), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Host: "localhost",
		Header: http.Header{"Authorization": {"Bearer " + x.tenant.Token}, "Content-Type": {"application/scim+json"}},
		Body:   http.NoBody,
	}
	if body != "" {
		r.Body, r.ContentLength = readCloser{strings.NewReader(body)}, int64(len(body))
	}
	w := &sink{header: http.Header{}}
	x.server.Handler.ServeHTTP(w, r.WithContext(b.Context()))
	if w.status != want {
		b.Fatalf("%s %s: status %d, want %d", method, path, w.status, want)
	}
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

// parallel runs requests from several goroutines, as identity providers send them: writers then share a commit.
func (x *bench) parallel(b *testing.B, do func(i int)) {
	b.Helper()
	var n atomic.Int64
	b.ReportAllocs()
	b.SetParallelism(8)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			do(int(n.Add(1)))
		}
	})
}

func BenchmarkGet(b *testing.B) {
	x := newBench(b)
	x.parallel(b, func(i int) { x.request(b, 200, http.MethodGet, "/Users/"+x.users[i%benchUsers], "") })
}

func BenchmarkGetProjected(b *testing.B) {
	x := newBench(b)
	x.parallel(b, func(i int) {
		x.request(b, 200, http.MethodGet, "/Users/"+x.users[i%benchUsers]+"?attributes=userName,emails", "")
	})
}

func BenchmarkFilter(b *testing.B) {
	x := newBench(b)
	x.parallel(b, func(i int) {
		x.request(b, 200, http.MethodGet, fmt.Sprintf("/Users?filter=userName+eq+%%22user%07d%%40example.com%%22", i%benchUsers), "")
	})
}

func BenchmarkList100(b *testing.B) {
	x := newBench(b)
	x.parallel(b, func(i int) {
		x.request(b, 200, http.MethodGet, fmt.Sprintf("/Users?startIndex=%d&count=100", 1+i*100%benchUsers), "")
	})
}

func BenchmarkCreate(b *testing.B) {
	x := newBench(b)
	x.parallel(b, func(i int) { x.request(b, 201, http.MethodPost, "/Users", benchUser(benchUsers+i)) })
}

func BenchmarkReplace(b *testing.B) {
	x := newBench(b)
	x.parallel(b, func(i int) {
		u := i % benchUsers
		body := strings.Replace(benchUser(u), `"Engineering"`, fmt.Sprintf(`"D%d"`, i), 1)
		x.request(b, 200, http.MethodPut, "/Users/"+x.users[u], body)
	})
}

func BenchmarkPatch(b *testing.B) {
	x := newBench(b)
	x.parallel(b, func(i int) {
		body := fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"displayName","value":"N%d"}]}`, i)
		x.request(b, 200, http.MethodPatch, "/Users/"+x.users[i%benchUsers], body)
	})
}

// BenchmarkMember changes one member of a group that has others; it should cost the same whatever their number.
func BenchmarkMember(b *testing.B) {
	for _, size := range []int{0, benchUsers} {
		b.Run(fmt.Sprintf("of%d", size), func(b *testing.B) {
			x := newBench(b)
			var members []string
			for _, id := range x.users[:size] {
				members = append(members, fmt.Sprintf(`{"value":%q}`, id))
			}
			extra := x.tenant.Create(b, "/Users", benchUser(benchUsers))
			group := x.tenant.Create(b, "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"g","members":[`+strings.Join(members, ",")+`]}`)
			x.parallel(b, func(i int) {
				op := [2]string{"add", "remove"}[i%2]
				body := fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":%q,"path":"members","value":[{"value":%q}]}]}`, op, extra)
				x.request(b, 204, http.MethodPatch, "/Groups/"+group, body)
			})
		})
	}
}
