package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/scim-operator/scim-operator/test/bench/load"
	"github.com/scim-operator/scim-operator/test/bench/report"
	"github.com/scim-operator/scim-operator/test/bench/wire"
	"github.com/scim-operator/scim-operator/test/program"
)

// group is a group with the first of the users as members.
type group struct {
	id      string
	members int
}

// joiners is how many users join and leave a group at most.
const joiners = 10_000

// addedAtOnce is the number of members in one PATCH that fills a group.
const addedAtOnce = 1000

// makeGroup creates a group and fills it.
func (d *directory) makeGroup(ctx context.Context, pool *load.Pool, members int) (group, error) {
	g := group{members: members}
	once := true
	_, err := pool.Run(ctx, load.Operation{
		Name: "create group", Status: http.StatusCreated,
		Next: func(w *load.Worker) bool {
			if w.Number != 0 || !once {
				return false
			}
			once = false
			w.Method, w.Path = http.MethodPost, append(w.Path[:0], "/Groups"...)
			w.Body = fmt.Appendf(w.Body[:0], `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Group of %d"}`, members)
			return true
		},
		Done: func(_ *load.Worker, a wire.Answer) (err error) {
			g.id, err = idOf(a)
			return err
		},
	}, 0)
	if err != nil || members == 0 {
		return g, err
	}
	var chunks load.Stock[int]
	for first := 0; first < members; first += addedAtOnce {
		chunks.Put(first)
	}
	_, err = pool.Run(ctx, d.patchGroup("fill group", g.id, func(w *load.Worker) (ok bool) {
		if w.Item, ok = chunks.Take(); ok {
			w.Body = appendAdd(w.Body[:0], d.users[w.Item:min(w.Item+addedAtOnce, members)])
		}
		return ok
	}), 0)
	return g, err
}

func appendAdd(dst []byte, ids []string) []byte {
	dst = append(append(dst, patchOp...), `{"op":"Add","path":"members","value":[`...)
	for i, id := range ids {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, `{"$ref":null,"value":"`...), id...), `"}`...)
	}
	return append(dst, "]}]}"...)
}

// patchGroup is an operation whose body next makes.
func (d *directory) patchGroup(name, id string, next func(w *load.Worker) bool) load.Operation {
	return load.Operation{Name: name, Status: http.StatusNoContent, Next: func(w *load.Worker) bool {
		if !next(w) {
			return false
		}
		w.Method, w.Path = http.MethodPatch, append(append(w.Path[:0], "/Groups/"...), id...)
		return true
	}}
}

// memberChanges lets users who are not members join the group and leave it, one a request.
func (d *directory) memberChanges(g group) series {
	var outside, inside load.Stock[int]
	for i := g.members; i < min(len(d.users), g.members+joiners); i++ {
		outside.Put(i)
	}
	add := d.patchGroup(report.MemberAdd, g.id, func(w *load.Worker) (ok bool) {
		if w.Item, ok = outside.Take(); ok {
			w.Body = appendAdd(w.Body[:0], d.users[w.Item:w.Item+1])
		}
		return ok
	})
	add.Done = func(w *load.Worker, _ wire.Answer) error { inside.Put(w.Item); return nil }
	remove := d.patchGroup(report.MemberRemove, g.id, func(w *load.Worker) (ok bool) {
		if w.Item, ok = inside.Take(); ok {
			w.Body = append(append(w.Body[:0], patchOp...), `{"op":"remove","path":"members[value eq \"`...)
			w.Body = append(append(w.Body, d.users[w.Item]...), `\"]"}]}`...)
		}
		return ok
	})
	remove.Done = func(w *load.Worker, _ wire.Answer) error { outside.Put(w.Item); return nil }
	return series{ops: []measured{{add, g.members, true}, {remove, g.members, true}}, restore: &remove}
}

// groupReads are reads that a large group could make slow.
func (d *directory) groupReads(g group) []measured {
	reads := []measured{
		d.read("get group without members", func(dst []byte, _ *load.Worker) []byte {
			return append(append(append(dst, "/Groups/"...), g.id...), "?excludedAttributes=members"...)
		}),
		d.read("get of a member", func(dst []byte, w *load.Worker) []byte {
			return append(append(dst, "/Users/"...), d.users[w.Rand.IntN(max(1, g.members))]...)
		}),
		d.read("list of 100 members", func(dst []byte, w *load.Worker) []byte {
			dst = strconv.AppendInt(append(dst, "/Users?startIndex="...), int64(1+w.Rand.IntN(max(1, g.members-100))), 10)
			return append(dst, "&count=100"...)
		}),
	}
	for i := range reads {
		reads[i].group = g.members
	}
	return reads
}

// wholeGroup gets a group with its members over one connection and watches the memory of the server.
func (d *directory) wholeGroup(ctx context.Context, server subject, g group) (*report.BigGroup, error) {
	conn, err := wire.Dial(ctx, server.target)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := resetPeak(server.pid); err != nil {
		return nil, err
	}
	before, err := program.ReadMemory(server.pid)
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	a, err := conn.Do(http.MethodGet, []byte("/Groups/"+g.id), nil, false)
	if err != nil {
		return nil, err
	}
	elapsed := time.Since(begin)
	if a.Status != http.StatusOK || a.Bytes < int64(g.members)*36 {
		return nil, fmt.Errorf("GET of a group of %d: status %d, %d bytes", g.members, a.Status, a.Bytes)
	}
	after, err := program.ReadMemory(server.pid)
	return &report.BigGroup{Members: g.members, Bytes: a.Bytes, Seconds: elapsed.Seconds(), RSSGrowth: max(0, after.Peak-before.RSS)}, err
}

func resetPeak(pid int) error {
	if pid == os.Getpid() {
		return nil
	}
	return program.ResetPeak(pid)
}
