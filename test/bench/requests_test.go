package main

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/test/bench/people"
	"github.com/scim-operator/scim-operator/test/bench/report"
	"github.com/scim-operator/scim-operator/test/bench/wire"
)

func TestAppendFilter(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		string(appendFilter(nil, "userName", people.AppendUserName, 3)):                             `userName eq "dmitri.0000003@example.com"`,
		string(appendFilter(nil, "externalId", people.AppendExternalID, 3)):                         `externalId eq "00ujl29u0le5T60000003"`,
		string(appendFilter(nil, "emails%5Btype+eq+%22work%22%5D.value", people.AppendUserName, 3)): `emails[type eq "work"].value eq "dmitri.0000003@example.com"`,
	} {
		u, err := url.Parse(path)
		if err != nil || u.Path != "/Users" || u.Query().Get("filter") != want || strings.Contains(path, "@") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestBulk(t *testing.T) {
	t.Parallel()
	var sent struct {
		Operations []struct {
			Method, Path, BulkID string
			Data                 struct{ UserName string }
		}
	}
	if err := json.Unmarshal(appendBulk(nil, 7, 9), &sent); err != nil {
		t.Fatal(err)
	}
	if len(sent.Operations) != 2 || sent.Operations[1].BulkID != "8" || sent.Operations[1].Data.UserName != "ines.0000008@example.com" {
		t.Errorf("%+v", sent)
	}
	ids := make([]string, 9)
	if err := takeBulk(ids, []byte(`{"Operations":[{"bulkId":"8","location":"http://x/Users/b","status":"201"},{"bulkId":"7","location":"http://x/Users/a","status":"201"}]}`)); err != nil {
		t.Fatal(err)
	}
	if ids[7] != "a" || ids[8] != "b" {
		t.Errorf("ids %q", ids)
	}
	for name, body := range map[string]string{
		"refused":       `{"Operations":[{"bulkId":"7","status":"409"}]}`,
		"unknown":       `{"Operations":[{"bulkId":"9","location":"http://x/Users/b","status":"201"}]}`,
		"without a key": `{"Operations":[{"location":"http://x/Users/b","status":"201"}]}`,
		"no JSON":       `{`,
	} {
		if takeBulk(ids, []byte(body)) == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestAppendAdd(t *testing.T) {
	t.Parallel()
	want := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` +
		`{"op":"Add","path":"members","value":[{"$ref":null,"value":"a"},{"$ref":null,"value":"b"}]}]}`
	if diff := cmp.Diff(want, string(appendAdd(nil, []string{"a", "b"}))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestIDOf(t *testing.T) {
	t.Parallel()
	if id, err := idOf(wire.Answer{Location: []byte("http://x/Users/a")}); id != "a" || err != nil {
		t.Errorf("%q, %v", id, err)
	}
	for _, location := range []string{"", "a", "http://x/Users/"} {
		if id, err := idOf(wire.Answer{Location: []byte(location)}); err == nil {
			t.Errorf("%q: id %q", location, id)
		}
	}
}

// TestJudge: a server that answers fast with nothing in it must not be measured.
func TestJudge(t *testing.T) {
	t.Parallel()
	d := &directory{users: []string{"a", "b"}}
	one, none := `{"totalResults":1,"Resources":[{"id":"b"}]}`, `{"totalResults":0,"Resources":[]}`
	two := `{"totalResults":2,"Resources":[{"id":"a"},{"id":"b"}]}`
	for _, tc := range []struct {
		name string
		a    wire.Answer
		ok   bool
	}{
		{report.Get, wire.Answer{Status: 200, Body: []byte(`{"id":"b","department":"IT"}`)}, true},
		{report.Get, wire.Answer{Status: 200, Body: []byte(`{"id":"a","department":"IT"}`)}, false},
		{report.Get, wire.Answer{Status: 200, Body: []byte(`{"id":"b"}`)}, false},
		{report.Get, wire.Answer{Status: 404, Body: []byte(`{"id":"b","department":"IT"}`)}, false},
		{report.Filter, wire.Answer{Status: 200, Body: []byte(one)}, true},
		{report.Filter, wire.Answer{Status: 200, Body: []byte(none)}, false},
		{report.Filter, wire.Answer{Status: 200, Body: []byte(two)}, false},
		{noHit, wire.Answer{Status: 200, Body: []byte(none)}, true},
		{noHit, wire.Answer{Status: 200, Body: []byte(one)}, false},
		{report.List, wire.Answer{Status: 200, Body: []byte(two)}, true},
		{report.List, wire.Answer{Status: 200, Body: []byte(one)}, false},
		{report.DeepPage, wire.Answer{Status: 200, Body: []byte(two)}, true},
		{report.DeepPage, wire.Answer{Status: 200, Body: []byte(none)}, false},
		{report.DeepPage, wire.Answer{Status: 200, Body: []byte(`<html>`)}, false},
	} {
		if err := d.judge(tc.name, 1, tc.a); (err == nil) != tc.ok {
			t.Errorf("%s of %s: %v", tc.name, tc.a.Body, err)
		}
	}
}

func TestBareBodyIsOneKilobyte(t *testing.T) {
	t.Parallel()
	if body := bareBody(); len(body) != 1024 || !json.Valid(body) {
		t.Errorf("%d bytes: %s", len(body), body)
	}
}

func TestMedian(t *testing.T) {
	t.Parallel()
	same := func(v float64) float64 { return v }
	if a, b, c := median([]float64{3, 1, 2}, same), median([]float64{4, 1, 2, 3}, same), median(nil, same); a != 2 || b != 2.5 || c != 0 {
		t.Error(a, b, c)
	}
}

func TestSummariseWalk(t *testing.T) {
	t.Parallel()
	times := make([]time.Duration, 20)
	for i := range times {
		times[i] = time.Duration(i+1) * time.Millisecond
	}
	if diff := cmp.Diff(&report.Walk{Pages: 20, Count: walkCount, First: 1, Middle: 10, Last: 19}, summariseWalk(times)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
