package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/scim-operator/scim-operator/test/bench/load"
	"github.com/scim-operator/scim-operator/test/bench/report"
	"github.com/scim-operator/scim-operator/test/bench/wire"
)

// providerConfig is what matters here of /ServiceProviderConfig.
type providerConfig struct {
	Bulk struct {
		Supported     bool
		MaxOperations int
	}
	Pagination struct{ Cursor bool } // RFC 9865
}

// fetch gets a document.
func fetch(conn wire.Client, path string, into any) error {
	a, err := conn.Do(http.MethodGet, []byte(path), nil, true)
	if err != nil {
		return err
	}
	if a.Status != http.StatusOK {
		return fmt.Errorf("GET %s: answer %d: %s", path, a.Status, a.Body)
	}
	return json.Unmarshal(a.Body, into)
}

func readProvider(ctx context.Context, t wire.Target) (p providerConfig, err error) {
	conn, err := wire.Dial(ctx, t)
	if err != nil {
		return p, err
	}
	defer conn.Close()
	return p, fetch(conn, "/ServiceProviderConfig", &p)
}

// walkCount is the number of users on a page of a cursor walk, and the greatest that servers are asked for.
const walkCount = 1000

// walk goes through all users by cursor (RFC 9865), each of whom it must meet once.
func (d *directory) walk(ctx context.Context) (*report.Walk, error) {
	conn, err := wire.Dial(ctx, d.target)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	var times []time.Duration
	seen := make(map[string]bool, len(d.users))
	for cursor, more := "", true; more; {
		path := fmt.Sprintf("/Users?cursor&count=%d", walkCount)
		if cursor != "" {
			path = fmt.Sprintf("/Users?cursor=%s&count=%d", url.QueryEscape(cursor), walkCount)
		}
		begin := time.Now()
		a, err := conn.Do(http.MethodGet, []byte(path), nil, true)
		if err != nil {
			return nil, err
		}
		times = append(times, time.Since(begin))
		var page struct {
			NextCursor string
			Resources  []struct{ ID string }
		}
		if err := json.Unmarshal(a.Body, &page); err != nil || a.Status != http.StatusOK {
			return nil, errors.Join(fmt.Errorf("page %d of a cursor walk: answer %d: %.200s", len(times), a.Status, a.Body), err)
		}
		for _, r := range page.Resources {
			if seen[r.ID] {
				return nil, fmt.Errorf("page %d of a cursor walk: user %s is met again", len(times), r.ID)
			}
			seen[r.ID] = true
		}
		cursor, more = page.NextCursor, page.NextCursor != ""
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	if len(seen) != len(d.users) {
		return nil, fmt.Errorf("a cursor walk has found %d of %d users", len(seen), len(d.users))
	}
	return summariseWalk(times), nil
}

func summariseWalk(times []time.Duration) *report.Walk {
	tenth := max(1, len(times)/10)
	middle := (len(times) - tenth) / 2
	return &report.Walk{
		Pages: len(times), Count: walkCount,
		First:  medianTime(times[:tenth]),
		Middle: medianTime(times[middle : middle+tenth]),
		Last:   medianTime(times[len(times)-tenth:]),
	}
}

// medianTime is in milliseconds.
func medianTime(times []time.Duration) float64 {
	return milliseconds(load.Percentile(slices.Sorted(slices.Values(times)), 50))
}

// verify looks whether the answers are what is to be measured: a fast answer with nothing in it is worth nothing.
func (d *directory) verify(ctx context.Context, reads []measured) error {
	conn, err := wire.Dial(ctx, d.target)
	if err != nil {
		return err
	}
	defer conn.Close()
	w := &load.Worker{Rand: rand.New(rand.NewPCG(1, 1))}
	for _, op := range reads {
		op.Next(w)
		a, err := w.Send(conn, true)
		if err == nil {
			err = d.judge(op.Name, w.Item, a)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", op.Name, err)
		}
	}
	return nil
}

// judge looks at one answer.
func (d *directory) judge(name string, item int, a wire.Answer) error {
	var got struct {
		ID           string
		TotalResults int
		Resources    []struct{ ID string }
	}
	if err := json.Unmarshal(a.Body, &got); err != nil || a.Status != http.StatusOK {
		return errors.Join(fmt.Errorf("answer %d: %.200s", a.Status, a.Body), err)
	}
	page := min(100, len(d.users))
	var ok bool
	switch name {
	case report.Get:
		ok = got.ID == d.users[item] && bytes.Contains(a.Body, []byte(`"department"`))
	case report.List:
		ok = got.TotalResults == len(d.users) && len(got.Resources) == page
	case report.DeepPage:
		ok = got.TotalResults == len(d.users) && len(got.Resources) > 0
	case noHit:
		ok = got.TotalResults == 0 && len(got.Resources) == 0
	default: // other filters
		ok = got.TotalResults == 1 && len(got.Resources) == 1 && got.Resources[0].ID == d.users[item]
	}
	if !ok {
		return errors.New("unexpected answer: " + strconv.Quote(string(a.Body[:min(len(a.Body), 300)])))
	}
	return nil
}

// unchanged looks whether a measurement has left as many users as there were.
func (d *directory) unchanged(ctx context.Context) error {
	conn, err := wire.Dial(ctx, d.target)
	if err != nil {
		return err
	}
	defer conn.Close()
	var list struct{ TotalResults int }
	if err := fetch(conn, "/Users?count=0", &list); err != nil {
		return err
	}
	if list.TotalResults != len(d.users) {
		return fmt.Errorf("there are %d users instead of %d", list.TotalResults, len(d.users))
	}
	return nil
}
