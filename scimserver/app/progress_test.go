package app

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
)

// inventory lets a tenant provision an application that reads the feed. One off-boarding an hour is its brake's limit.
func inventory(t *config.Tenant) {
	t.Application = &config.Application{Name: "ns/inventory", Fields: []config.Field{{Name: "email", Type: "String", Required: true}}, Roles: []string{"Viewer"}}
	t.Mapping = &config.Mapping{
		Attributes: []config.AttributeRule{{Field: "email", From: "userName"}},
		Role:       &config.RoleRule{From: "title", Order: config.GroupsFirst, Default: "Viewer", Unknown: config.Reject, Assign: config.Always},
	}
	t.Lifecycle = config.DefaultLifecycle()
	t.Lifecycle.Brake = &config.Brake{Max: 1, Per: time.Hour}
}

// TestReportOfMembers: numbers, the brake and kinds of rejection, on a real database.
func TestReportOfMembers(t *testing.T) {
	t.Parallel()
	o := &operator{got: make(chan config.Report)}
	i := launch(t, t.TempDir(), func(opt *Options) {
		opt.Reporter = o
		opt.timing = timing{reportEvery: 20 * time.Millisecond, reportGap: time.Millisecond}.orDefaults()
	})
	i.offer(server(tenant("ns/a", inventory)))
	var ids []string
	for _, name := range []string{"ann@example.com", "bob@example.com", "cid@example.com"} {
		var got struct{ ID string }
		if err := json.Unmarshal([]byte(i.expect(http.StatusCreated, http.MethodPost, "/Users", "secret", user(name))), &got); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, got.ID)
	}
	i.expect(http.StatusBadRequest, http.MethodPost, "/Users", "secret", strings.Replace(user("dan@example.com"), `"active"`, `"title":"Owner of dan@example.com","active"`, 1))
	i.expect(http.StatusNoContent, http.MethodDelete, "/Users/"+ids[0], "secret", "")
	i.expect(http.StatusServiceUnavailable, http.MethodDelete, "/Users/"+ids[1], "secret", "")
	var rejections []config.Rejection
	o.until(t, func(r config.Report) bool {
		a := r.Tenants["ns/a"]
		rejections = a.Rejections
		return a.Members == 2 && a.Delivery != nil && a.Delivery.BrakeEngaged && a.Remap == nil && len(rejections) == 2
	})
	kinds := map[string]bool{}
	for _, j := range rejections {
		kinds[j.Reason] = true
		if j.Count != 1 || j.Detail == "" || strings.Contains(j.Detail, "dan@") {
			t.Errorf("rejection %+v", j)
		}
	}
	if !kinds["UnknownRole"] || !kinds["BrakeEngaged"] {
		t.Errorf("kinds %v", kinds)
	}

	released := tenant("ns/a", inventory)
	released.Lifecycle.BrakeRelease = "=1"
	i.offer(server(released))
	eventually(t, "released", func() bool {
		code, _ := i.request(http.MethodDelete, "/Users/"+ids[1], "secret", "")
		return code == http.StatusNoContent
	})
	o.until(t, func(r config.Report) bool { return r.Tenants["ns/a"].Members == 1 })
}

func TestRestAfter(t *testing.T) {
	t.Parallel()
	for worked, want := range map[time.Duration]time.Duration{
		10 * time.Millisecond:  50 * time.Millisecond,
		100 * time.Millisecond: 150 * time.Millisecond,
		220 * time.Millisecond: 55 * time.Millisecond,
		time.Second:            250 * time.Millisecond,
		time.Minute:            time.Second,
	} {
		if got := restAfter(worked); got != want {
			t.Errorf("after %s: rest %s, want %s", worked, got, want)
		}
	}
}
