package faults

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/test/exampleapp"
	"github.com/scim-operator/scim-operator/test/program"
)

// catchUp is how long the application may lag behind when nothing is broken any more: the longest wait of an event that has
// failed as often as the faults let it.
const catchUp = 3 * time.Minute

// event is one of the server's feed.
type event struct {
	ID       string `json:"id"`
	Sequence int64  `json:"sequence"`
	Event    struct {
		Member struct {
			ID string `json:"id"`
		} `json:"member"`
	} `json:"event"`
}

// member is what is compared of one.
type member struct {
	ID     string         `json:"id"`
	Name   string         `json:"userName"`
	Active bool           `json:"active"`
	Fields map[string]any `json:"fields"`
}

// compare waits until the application has everything, and looks at what it has.
func (c *course) compare(ctx context.Context) {
	c.Helper()
	events := c.serverEvents(ctx)
	if len(events) == 0 {
		c.Fatal("the server has no events")
	}
	if c.asks { // what was accepted is not sent again, and has the id of the question
		c.awaitMembers(ctx)
	} else {
		c.await(ctx, events)
		c.compareEvents(ctx, events)
	}
	if diff := cmp.Diff(c.members(ctx)); diff != "" {
		c.Errorf("members (-server +application):\n%s", diff)
	}
	c.compareWanted(ctx)
	c.compareUsers(ctx)
}

// awaitMembers waits until what was left open by the faults is made good.
func (c *course) awaitMembers(ctx context.Context) {
	c.Helper()
	for begin := time.Now(); !cmp.Equal(c.members(ctx)) && time.Since(begin) < catchUp; {
		wait(50 * time.Millisecond)
	}
}

func (c *course) feed(ctx context.Context, path string, into any) {
	c.Helper()
	url := c.site.base() + "/" + program.TenantKey + "/members/v1" + path
	if err := call(ctx, http.MethodGet, url, c.site.feedToken(), nil, into, http.StatusOK); err != nil {
		c.Fatal(err)
	}
}

// serverEvents are all of the tenant's.
func (c *course) serverEvents(ctx context.Context) (all []event) {
	c.Helper()
	for after := int64(0); ; {
		var page struct {
			Events []event
			Next   int64
		}
		c.feed(ctx, fmt.Sprintf("/events?limit=1000&wait=0&after=%d", after), &page)
		if len(page.Events) == 0 {
			return all
		}
		all, after = append(all, page.Events...), page.Next
	}
}

func (c *course) deliveries(ctx context.Context) (list []exampleapp.Delivery) {
	c.Helper()
	if err := call(ctx, http.MethodGet, "http://"+c.site.address+"/api/deliveries", "", nil, &list, http.StatusOK); err != nil {
		c.Fatal(err)
	}
	return list
}

// await waits until every event has arrived.
func (c *course) await(ctx context.Context, events []event) {
	c.Helper()
	for begin := time.Now(); ; wait(50 * time.Millisecond) {
		missing := map[string]event{}
		for _, e := range events {
			missing[e.ID] = e
		}
		for _, d := range c.deliveries(ctx) {
			delete(missing, d.ID)
		}
		if len(missing) == 0 {
			c.Logf("everything had arrived %s after the last operation", time.Since(begin).Round(time.Millisecond))
			return
		}
		if time.Since(begin) > catchUp {
			c.Fatalf("%d of %d events have not arrived: %v …", len(missing), len(events), first(missing))
		}
	}
}

func first(m map[string]event) (e event) {
	for _, e = range m {
		return e
	}
	return e
}

// members are those of the server, and those of the application.
func (c *course) members(ctx context.Context) (server, application map[string]member) {
	c.Helper()
	server, application = map[string]member{}, map[string]member{}
	for after := ""; ; {
		var page struct {
			Members []member
			Next    string
		}
		c.feed(ctx, "/members?limit=500&after="+after, &page)
		for _, m := range page.Members {
			server[m.ID] = m
		}
		if after = page.Next; after == "" {
			break
		}
	}
	var list []member
	if err := call(ctx, http.MethodGet, "http://"+c.site.address+"/api/members/"+program.TenantKey, "", nil, &list, http.StatusOK); err != nil {
		c.Fatal(err)
	}
	for _, m := range list {
		application[m.ID] = m
	}
	return server, application
}

// compareWanted: the server's members are as the identity provider wants its users.
func (c *course) compareWanted(ctx context.Context) {
	c.Helper()
	want, _ := c.members(ctx)
	for name, p := range c.users {
		found := 0
		for _, m := range want {
			if m.Name == name && m.Active == p.active && m.Fields["title"] == p.title {
				found++
			}
		}
		if found != 1 {
			c.Errorf("the server has %d members as the identity provider wants %s: %+v", found, name, p)
		}
	}
	if len(want) != len(c.users) {
		c.Errorf("the server has %d members, the identity provider %d users", len(want), len(c.users))
	}
}

// compareEvents: nothing is missing, new or out of order, and what came twice came with the same id.
func (c *course) compareEvents(ctx context.Context, events []event) {
	c.Helper()
	byID := map[string]event{}
	for i, e := range events {
		byID[e.ID] = e
		if e.Sequence != int64(i+1) {
			c.Errorf("event %d has the sequence %d", i+1, e.Sequence)
		}
	}
	seen, last := map[string]bool{}, map[string]int64{}
	for _, d := range c.deliveries(ctx) {
		e, ok := byID[d.ID]
		if !ok || e.Sequence != d.Sequence || e.Event.Member.ID != d.Member {
			c.Errorf("%+v was delivered, the server has %+v", d, e)
		}
		if d.Duplicate != seen[d.ID] {
			c.Errorf("%+v: seen before is %v", d, seen[d.ID])
		}
		if seen[d.ID] {
			c.site.duplicates++
			continue
		}
		if d.Sequence <= last[d.Member] {
			c.Errorf("%+v came after %d", d, last[d.Member])
		}
		seen[d.ID], last[d.Member] = true, d.Sequence
	}
	c.site.events = len(events)
}

// compareUsers: the server has what it has acknowledged to the identity provider.
func (c *course) compareUsers(ctx context.Context) {
	c.Helper()
	var page struct {
		Resources []struct {
			ID, UserName, Title string
			Active              bool
		}
	}
	w := &writer{c: c}
	if err := w.expect(ctx, http.MethodGet, "/Users?count=1000", nil, &page, http.StatusOK); err != nil {
		c.Fatal(err)
	}
	got := map[string]person{}
	for _, u := range page.Resources {
		got[u.UserName] = person{id: u.ID, title: u.Title, active: u.Active}
	}
	if diff := cmp.Diff(c.users, got, cmp.AllowUnexported(person{})); diff != "" {
		c.Errorf("users (-wanted +found):\n%s", diff)
	}
}
