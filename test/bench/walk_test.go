package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/scim-operator/scim-operator/test/bench/wire"
)

func TestWalk(t *testing.T) {
	t.Parallel()
	const page = `{"Resources":[{"id":"a%[1]d"},{"id":"b%[1]d"}]%[2]s}`
	var last atomic.Int64 // the page whose users the third one has
	last.Store(3)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.RawQuery {
		case "cursor&count=1000":
			fmt.Fprintf(w, page, 1, `,"nextCursor":"1+/="`)
		case "cursor=1%2B%2F%3D&count=1000":
			fmt.Fprintf(w, page, 2, `,"nextCursor":"2"`)
		case "cursor=2&count=1000":
			fmt.Fprintf(w, page, last.Load(), "")
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
	last.Store(1)
	if _, err := d.walk(t.Context()); err == nil || !strings.Contains(err.Error(), "user a1 is met again") {
		t.Errorf("error %v", err)
	}
	server.Config.Handler = http.NotFoundHandler()
	if _, err := d.walk(t.Context()); err == nil || !strings.Contains(err.Error(), "answer 404") {
		t.Errorf("error %v", err)
	}
}
