package httpapi_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/servertest"
)

// raw sends bytes as they are and returns the answer. A cut request ends before its body does.
func raw(t *testing.T, server *servertest.Server, request string, cut bool) servertest.Answer {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	if cut {
		if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
	}
	method, _, _ := strings.Cut(request, " ")
	res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return servertest.Answer{Status: res.StatusCode, Header: res.Header, Body: body}
}

const cutShort = "body shorter than said"

func TestRequestsOnTheWire(t *testing.T) {
	t.Parallel()
	server := servertest.New(t)
	tenant := server.NewTenant(t, servertest.BodyBytes(200))
	path := "/" + tenant.Key + "/scim/v2"
	auth := "Host: x\r\nAuthorization: Bearer " + tenant.Token + "\r\nConnection: close\r\n"
	chunked := "Transfer-Encoding: chunked\r\n\r\n"
	chunk := func(text string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(text), text) }
	for name, tc := range map[string]struct {
		request string
		status  int
	}{
		"chunked":                     {"POST " + path + "/Users HTTP/1.1\r\n" + auth + chunked + chunk(annJSON[:20]) + chunk(annJSON[20:]) + "0\r\n\r\n", 201},
		"chunked over the limit":      {"POST " + path + "/Users HTTP/1.1\r\n" + auth + chunked + chunk(strings.Repeat(" ", 150)) + chunk(strings.Repeat(" ", 150)) + "0\r\n\r\n", 413},
		"length over the limit":       {"POST " + path + "/Users HTTP/1.1\r\n" + auth + "Content-Length: 201\r\n\r\n" + strings.Repeat(" ", 201), 413},
		cutShort:                      {"POST " + path + "/Users HTTP/1.1\r\n" + auth + "Content-Length: 150\r\n\r\n{}", 400},
		"chunk that is none":          {"POST " + path + "/Users HTTP/1.1\r\n" + auth + chunked + "zz\r\n{}\r\n", 400},
		"two tokens":                  {"GET " + path + "/Users HTTP/1.1\r\n" + auth + "Authorization: Bearer x\r\n\r\n", 401},
		"two content types":           {"POST " + path + "/Users HTTP/1.1\r\n" + auth + "Content-Type: text/plain\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", 415},
		"absolute target":             {"GET http://elsewhere" + path + "/Users HTTP/1.1\r\n" + auth + "\r\n", 200},
		"asterisk":                    {"GET * HTTP/1.1\r\n" + auth + "\r\n", 404},
		"connect":                     {"CONNECT elsewhere:443 HTTP/1.1\r\n" + auth + "\r\n", 404},
		"root":                        {"GET / HTTP/1.1\r\n" + auth + "\r\n", 404},
		"unknown tenant":              {"GET /test/nobody/scim/v2/Users HTTP/1.1\r\n" + auth + "\r\n", 404},
		"half a tenant":               {"GET /test HTTP/1.1\r\n" + auth + "\r\n", 404},
		"tenant without the protocol": {"GET /" + tenant.Key + " HTTP/1.1\r\n" + auth + "\r\n", 404},
		"dots":                        {"GET " + path + "/Users/../Groups HTTP/1.1\r\n" + auth + "\r\n", 404},
		"dots out of the tenant":      {"GET " + path + "/../../other/scim/v2/Users HTTP/1.1\r\n" + auth + "\r\n", 404},
		"escaped dots":                {"GET " + path + "/Users/%2e%2e HTTP/1.1\r\n" + auth + "\r\n", 404},
		"escaped slash in the tenant": {"GET /" + strings.Replace(tenant.Key, "/", "%2F", 1) + "/scim/v2/Users HTTP/1.1\r\n" + auth + "\r\n", 404},
		"new protocol, without TLS":   {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 404},
		"old protocol":                {"GET " + path + "/Users HTTP/1.0\r\n" + auth + "\r\n", 200},
		"slashes are no redirect":     {"GET /" + path + "//Users HTTP/1.1\r\n" + auth + "\r\n", 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := raw(t, server, tc.request, name == cutShort)
			if a.Status != tc.status {
				t.Errorf("got %d %s, want %d", a.Status, a.Body, tc.status)
			}
			if a.Status >= 400 {
				wantError(t, a, tc.status)
			}
			if a.Header.Get("X-Request-Id") == "" {
				t.Error("no X-Request-Id")
			}
		})
	}
}

// TestSmuggling: what is two requests to one reader and one to another is refused before it gets here.
func TestSmuggling(t *testing.T) {
	t.Parallel()
	server := servertest.New(t)
	tenant := server.NewTenant(t)
	head := "POST /" + tenant.Key + "/scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + tenant.Token + "\r\n"
	for name, rest := range map[string]string{
		"two lengths":               "Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}    ",
		"two codings":               "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
		"unknown coding":            "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
		"blank before the colon":    "Content-Length : 2\r\n\r\n{}",
		"folded header":             "X-A: b\r\n c: d\r\nContent-Length: x\r\n\r\n",
		"length folded away":        "X-A: b\r\n Content-Length: 40\r\n\r\n{\"schemas\":[],\"userName\":\"smuggled\"}   ",
		"length and chunks":         "Content-Length: 60\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{\"schemas\":[],\"userName\":\"smuggled\"}",
		"coding by another name":    "Transfer_Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}\r\n0\r\n\r\n",
		"line feed in a value":      "X-A: b\x00c\r\n\r\n",
		"two hosts":                 "Host: y\r\nContent-Length: 2\r\n\r\n{}",
		"negative length":           "Content-Length: -1\r\n\r\n",
		"chunk of the largest size": "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := raw(t, server, head+rest, false)
			if a.Status < 400 || a.Status > 501 {
				t.Errorf("got %d %s, want it refused", a.Status, a.Body)
			}
		})
	}
	if a := tenant.Do(t, http.MethodGet, "/Users?count=0", ""); !strings.Contains(string(a.Body), `"totalResults":0`) {
		t.Errorf("one of them has come through: %s", a.Body)
	}
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	tenant := servertest.New(t).NewTenant(t)
	seen := map[string]bool{}
	for given, kept := range map[string]bool{
		"":                                true,
		"f3b2-AB_c.9":                     true,
		"with blank":                      false,
		strings.Repeat("a", 65):           false,
		`"><script>`:                      false,
		"00-4bf92f3577b34da6a3ce929d0e0e": true,
	} {
		var headers []string
		if given != "" {
			headers = []string{"X-Request-Id", given}
		}
		a := tenant.Do(t, http.MethodGet, "/Users", "", headers...)
		got := a.Header.Get("X-Request-Id")
		if got == "" || seen[got] || given != "" && kept != (got == given) {
			t.Errorf("given %q: got %q", given, got)
		}
		seen[got] = true
	}
}

func TestHead(t *testing.T) {
	t.Parallel()
	tenant := servertest.New(t).NewTenant(t)
	id := tenant.Create(t, "/Users", annJSON)
	get, head := tenant.Do(t, http.MethodGet, "/Users/"+id, ""), tenant.Do(t, http.MethodHead, "/Users/"+id, "")
	if head.Status != http.StatusOK || len(head.Body) != 0 {
		t.Errorf("HEAD: %d %q", head.Status, head.Body)
	}
	if got, want := head.Header.Get("Content-Length"), fmt.Sprint(len(get.Body)); got != want {
		t.Errorf("HEAD: Content-Length %s, want that of GET, %s", got, want)
	}
}
