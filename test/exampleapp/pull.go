package exampleapp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/outbox/set"
)

// Feed is where the members of a tenant are read.
type Feed struct {
	Tenant string // namespace/name
	URL    string // …/members/v1
	Token  string
}

func (a *App) feed(tenant string) (Feed, bool) {
	for _, f := range a.Feeds {
		if f.Tenant == tenant {
			return f, true
		}
	}
	return Feed{}, false
}

// errResync means that the events which come next are no longer there.
var errResync = errors.New("the feed has begun anew")

// Pull follows a feed until ctx ends: events as they come, and all members where events are missing.
func (a *App) Pull(ctx context.Context, f Feed) error {
	for ctx.Err() == nil {
		err := a.pullOnce(ctx, f)
		if errors.Is(err, errResync) {
			err = a.resync(ctx, f)
		}
		if err == nil || ctx.Err() != nil {
			continue
		}
		a.Log.Warn("feed cannot be read; trying again", "tenant", f.Tenant, "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
	return ctx.Err()
}

func (a *App) pullOnce(ctx context.Context, f Feed) error {
	a.inventory.mu.Lock()
	after := a.inventory.cursors[f.Tenant]
	a.inventory.mu.Unlock()
	var page struct {
		Events []struct {
			ID    string `json:"id"`
			Event Event  `json:"event"`
		} `json:"events"`
		Next int64 `json:"next"`
	}
	query := url.Values{"after": {strconv.FormatInt(after, 10)}, "limit": {"500"}, "wait": {"25"}}
	if err := f.call(ctx, http.MethodGet, "/events?"+query.Encode(), nil, &page); err != nil {
		return err
	}
	for i := range page.Events {
		if err := a.pulled(f, page.Events[i].ID, page.Events[i].Event); err != nil {
			return err
		}
	}
	return a.advance(f, page.Next, nil)
}

// pulled keeps an event of the feed: what has happened cannot be refused.
func (a *App) pulled(_ Feed, id string, e Event) error {
	a.inventory.mu.Lock()
	defer a.inventory.mu.Unlock()
	return a.record(entry{ID: id, Event: &e})
}

func (a *App) advance(f Feed, next int64, all *listed) error {
	a.inventory.mu.Lock()
	defer a.inventory.mu.Unlock()
	if next == a.inventory.cursors[f.Tenant] && all == nil {
		return nil
	}
	return a.record(entry{Cursor: map[string]int64{f.Tenant: next}, Listed: all})
}

// listing is a member in the list and by itself.
type listing struct {
	Member
	Sequence int64 `json:"sequence"`
}

// resync lists all members. Events go on behind the sequence of the first page.
func (a *App) resync(ctx context.Context, f Feed) error {
	all := &listed{Tenant: f.Tenant, Members: map[string]bool{}}
	for after, first := "", true; ; first = false {
		var page struct {
			Members  []listing `json:"members"`
			Next     string    `json:"next"`
			Sequence int64     `json:"sequence"`
		}
		if err := f.call(ctx, http.MethodGet, "/members?limit=500&after="+url.QueryEscape(after), nil, &page); err != nil {
			return err
		}
		if first {
			all.Sequence = page.Sequence
		}
		for _, m := range page.Members {
			all.Members[m.ID] = true
			if err := a.pulled(f, fmt.Sprintf("list-%s-%s-%d", f.Tenant, m.ID, m.Sequence), m.event(f.Tenant)); err != nil {
				return err
			}
		}
		if after = page.Next; after == "" {
			return a.advance(f, all.Sequence, all)
		}
	}
}

func (l listing) event(tenant string) Event {
	return Event{Type: "member.updated", Sequence: l.Sequence, Tenant: tenant, Member: l.Member}
}

// notice reads the member that a security event token names, and takes it in as it is by now.
func (a *App) notice(ctx context.Context, c set.Claims) error {
	var f Feed
	for _, one := range a.Feeds { // never where the token says
		if one.URL == c.Issuer {
			f = one
		}
	}
	if f.URL == "" {
		return fmt.Errorf("there is no feed for the issuer %s", c.Issuer)
	}
	e := Event{Type: "member.removed", Tenant: f.Tenant, Member: Member{ID: c.Subject.ID}}
	if _, gone := c.Events[set.Delete]; gone {
		e.Sequence = a.sequence(f.Tenant, c.Subject.ID)
		return a.pulled(f, c.ID, e)
	}
	var m listing
	err := f.call(ctx, http.MethodGet, c.Subject.URI, nil, &m)
	if missing := (*statusError)(nil); errors.As(err, &missing) && missing.status == http.StatusNotFound {
		e.Sequence = versionOf(c)
		return a.pulled(f, c.ID, e) // a token that follows will say so as well
	}
	if err != nil {
		return err
	}
	e = m.event(f.Tenant)
	if action, ok := c.Events[set.Action]; ok {
		e.Action = &Action{Name: action.Name, Parameters: action.Parameters}
		if _, back := c.Events[set.Activate]; !back {
			e.Type = "member.action"
		}
	}
	return a.pulled(f, c.ID, e)
}

func (a *App) sequence(tenant, member string) int64 {
	a.inventory.mu.Lock()
	defer a.inventory.mu.Unlock()
	if r := a.inventory.tenants[tenant][member]; r != nil {
		return r.sequence
	}
	return 0
}

// Hold keeps the identity provider from off-boarding a member, for a reason.
func (f Feed) Hold(ctx context.Context, member, name, reason string) error {
	return f.call(ctx, http.MethodPut, "/members/"+url.PathEscape(member)+"/holds/"+url.PathEscape(name), map[string]string{"reason": reason}, nil)
}

// Release ends a hold; one that is not there is no error.
func (f Feed) Release(ctx context.Context, member, name string) error {
	err := f.call(ctx, http.MethodDelete, "/members/"+url.PathEscape(member)+"/holds/"+url.PathEscape(name), nil, nil)
	if missing := (*statusError)(nil); errors.As(err, &missing) && missing.status == http.StatusNotFound {
		return nil
	}
	return err
}

// Remove removes a member; the identity provider's next synchronisation creates it anew.
func (f Feed) Remove(ctx context.Context, member string) error {
	return f.call(ctx, http.MethodDelete, "/members/"+url.PathEscape(member), nil, nil)
}

// statusError is an answer that is no success.
type statusError struct {
	status int
	body   string
}

func (e *statusError) Error() string { return fmt.Sprintf("HTTP %d: %s", e.status, e.body) }

var client = &http.Client{Timeout: time.Minute}

func (f Feed) call(ctx context.Context, method, path string, body, into any) error {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, f.URL+path, content)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+f.Token)
	res, err := client.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		return err
	case res.StatusCode == http.StatusGone:
		return errResync
	case res.StatusCode >= 300:
		return &statusError{res.StatusCode, string(text)}
	case into == nil:
		return nil
	}
	return json.Unmarshal(text, into)
}
