package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/scim-operator/scim-operator/test/bench/wire"
)

func TestWalk(t *testing.T) {
	t.Parallel()
	const page = `{"Resources":[{"id":"a"},{"id":"b"}]%s}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.RawQuery {
		case "cursor&count=1000":
			fmt.Fprintf(w, page, `,"nextCursor":"1+/="`)
		case "cursor=1%2B%2F%3D&count=1000":
			fmt.Fprintf(w, page, `,"nextCursor":"2"`)
		case "cursor=2&count=1000":
			fmt.Fprintf(w, page, "")
		default:
			http.Error(w, r.URL.RawQuery, http.StatusBadRequest)
		}
	}))
	t.Cleanup(server.Close)
	d := &directory{target: wire.Target{Address: strings.TrimPrefix(server.URL, "http://")}, users: make([]string, 6)}
	walk, err := d.walk(t.Context())
	if err != nil || walk.Pages != 3 || walk.First <= 0 || walk.Last <= 0 {
		t.Errorf("%+v, %v", walk, err)
	}
	d.users = d.users[:5]
	if _, err := d.walk(t.Context()); err == nil || !strings.Contains(err.Error(), "found 6 of 5 users") {
		t.Errorf("error %v", err)
	}
	server.Config.Handler = http.NotFoundHandler()
	if _, err := d.walk(t.Context()); err == nil || !strings.Contains(err.Error(), "answer 404") {
		t.Errorf("error %v", err)
	}
}
