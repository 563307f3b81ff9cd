package crash

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
)

const (
	sharedGroups = 3
	maxPeople    = 30 // of a writer
	rivals       = 4  // for a contested name
)

// writer changes users of its own, and their memberships in groups of its own and of all. It sends one request at a time, so
// at a crash one change at most is not acknowledged.
type writer struct {
	name      string
	rand      *rand.Rand
	client    *client
	contested *atomic.Int64 // of all writers

	acknowledged cells
	pending      cells // sent, without an answer so far
	ids          map[string]string
	versions     map[string]string // that were acknowledged, of users
	people       []string          // externalIds
	newcomers    []string          // who took contested names; they stay until the next look
	names        map[string]string // of people and newcomers
	freed        []string          // names that were given up
	refused      []string          // names that somebody else has
	count        int               // of externalIds, names and revisions
	writes       int               // acknowledged ones
}

func newWriter(number int, seed uint64, contested *atomic.Int64) *writer {
	return &writer{
		name: fmt.Sprintf("w%d", number), rand: rand.New(rand.NewPCG(seed, uint64(number))), contested: contested,
		acknowledged: cells{}, ids: map[string]string{}, versions: map[string]string{}, names: map[string]string{},
	}
}

// owns tells whether a cell is about a user or group of this writer.
func (w *writer) owns(key string) bool {
	return strings.HasPrefix(key[strings.LastIndexByte(key, '/')+1:], w.name+".")
}

func (w *writer) ownGroup() string { return w.name + ".group" }

func (w *writer) next() int {
	w.count++
	return w.count
}

// change is a request and what it comes to.
type change struct {
	method, path string
	body         any
	ifMatch      string
	changes      cells
	contested    string // the name that others want too: 409 is an answer as good as any
	user         string // externalId of the user whose representation is the answer
	done         func() // after the acknowledgement
}

// wrongAnswer is an answer that no crash excuses.
type wrongAnswer struct {
	change change
	answer answer
}

func (e *wrongAnswer) Error() string {
	return fmt.Sprintf("%s %s: %d %s", e.change.method, e.change.path, e.answer.status, e.answer.body)
}

// run writes until the server is gone, or ctx ends.
func (w *writer) run(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := w.write(ctx, w.choose()); err != nil {
			return err
		}
	}
	return nil
}

var errUnavailable = errors.New("the server is unavailable")

// write sends one change, and takes note of it when it is acknowledged.
func (w *writer) write(ctx context.Context, c change) error {
	w.pending = c.changes
	a, err := w.client.send(ctx, c.method, c.path, c.body, "If-Match", c.ifMatch)
	if err != nil {
		return err
	}
	if a.status == http.StatusServiceUnavailable { // the database was killed before the server
		return errUnavailable
	}
	w.pending = nil
	if a.status == http.StatusConflict && c.contested != "" {
		w.refused = append(w.refused, c.contested)
		return nil
	}
	if a.status < 200 || a.status > 299 {
		return &wrongAnswer{c, a}
	}
	w.writes++
	w.acknowledged.apply(c.changes)
	if c.user != "" {
		var u user
		if err := json.Unmarshal(a.body, &u); err != nil || u.ID == "" || u.cell() != c.changes[userCell(c.user)] {
			return &wrongAnswer{c, a}
		}
		w.ids[c.user], w.versions[c.user] = u.ID, u.Meta.Version
	}
	if c.done != nil {
		c.done()
	}
	return nil
}

// choose picks a change at random.
func (w *writer) choose() change {
	if len(w.people) < 3 {
		return w.create()
	}
	switch n := w.rand.IntN(100); {
	case n < 20 && len(w.people) < maxPeople:
		return w.create()
	case n < 25:
		return w.createContested()
	case n < 45:
		return w.update(http.MethodPatch)
	case n < 55:
		return w.update(http.MethodPut)
	case n < 60:
		return w.rename()
	case n < 72:
		return w.delete()
	case n < 85:
		return w.join()
	case n < 93:
		return w.leave()
	}
	return w.changeOwnGroup()
}

// create adds a user, by choice under a name that somebody has given up.
func (w *writer) create() change {
	name := fmt.Sprintf("%s.%d", w.name, w.next())
	if len(w.freed) > 0 && w.rand.IntN(2) == 0 {
		name, w.freed = w.freed[0], w.freed[1:]
	}
	c, external := w.creation(name)
	c.done = func() { w.people = append(w.people, external) }
	return c
}

// createContested wants a name that other writers want at the same time.
func (w *writer) createContested() change {
	name := fmt.Sprintf("contested.%d", w.contested.Add(1)/rivals)
	c, external := w.creation(name)
	c.contested = name
	c.done = func() { w.newcomers = append(w.newcomers, external) }
	return c
}

func (w *writer) creation(name string) (c change, external string) {
	external = fmt.Sprintf("%s.%d", w.name, w.next())
	revision := w.next()
	w.names[external] = name
	return change{
		method: http.MethodPost, path: "/Users", body: userBody(external, name, revision), user: external,
		changes: cells{userCell(external): person(name, revision)},
	}, external
}

func (w *writer) anybody() string { return w.people[w.rand.IntN(len(w.people))] }

// update changes every attribute but the name.
func (w *writer) update(method string) change {
	external := w.anybody()
	return w.rewrite(method, external, w.names[external])
}

func (w *writer) rename() change {
	external := w.anybody()
	c := w.rewrite(http.MethodPatch, external, fmt.Sprintf("%s.%d", w.name, w.next()))
	before := w.names[external]
	after := c.changes[userCell(external)]
	c.done = func() {
		w.names[external], _, _ = strings.Cut(after, " ")
		w.free(before)
	}
	return c
}

func (w *writer) rewrite(method, external, name string) change {
	revision := w.next()
	body := patchBody(name, revision)
	if method == http.MethodPut {
		body = userBody(external, name, revision)
	}
	return change{
		method: method, path: "/Users/" + w.ids[external], body: body, user: external, ifMatch: w.versions[external],
		changes: cells{userCell(external): person(name, revision)},
	}
}

// delete takes a user away, and with it every membership.
func (w *writer) delete() change {
	external := w.anybody()
	gone := cells{userCell(external): ""}
	for key := range w.acknowledged {
		if strings.HasPrefix(key, "member/") && strings.HasSuffix(key, "/"+external) {
			gone[key] = ""
		}
	}
	return change{method: http.MethodDelete, path: "/Users/" + w.ids[external], changes: gone, done: func() {
		w.people = slices.DeleteFunc(w.people, func(p string) bool { return p == external })
		w.free(w.names[external])
		w.forget(external)
	}}
}

// free gives a name to a later user. A contested one stays free, as others may still want it.
func (w *writer) free(name string) {
	if strings.HasPrefix(name, w.name+".") {
		w.freed = append(w.freed, name)
	}
}

func (w *writer) forget(external string) {
	delete(w.names, external)
	delete(w.ids, external)
	delete(w.versions, external)
}

// some returns different people, one to three.
func (w *writer) some() []string {
	list := slices.Clone(w.people)
	w.rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list[:1+w.rand.IntN(3)]
}

func (w *writer) anyGroup() string {
	if n := w.rand.IntN(sharedGroups + 1); n < sharedGroups {
		return sharedGroup(n)
	}
	return w.ownGroup()
}

func sharedGroup(n int) string { return fmt.Sprintf("shared.%d", n) }

// join adds members; that some are members already is no error.
func (w *writer) join() change {
	g, people := w.anyGroup(), w.some()
	return change{method: http.MethodPatch, path: "/Groups/" + w.ids[g], body: patchOf(add(w.idsOf(people)...)), changes: memberCells(g, people, in)}
}

// leave removes members; that some are none is no error.
func (w *writer) leave() change {
	g, people := w.anyGroup(), w.some()
	return change{method: http.MethodPatch, path: "/Groups/" + w.ids[g], body: patchOf(remove(w.idsOf(people)...)), changes: memberCells(g, people, "")}
}

// changeOwnGroup renames a group, adds members and removes others, all in one request.
func (w *writer) changeOwnGroup() change {
	g, people := w.ownGroup(), w.some()
	name := fmt.Sprintf("%s at revision %d", g, w.next())
	rename := map[string]any{"op": "replace", "value": map[string]any{"displayName": name}}
	operations := []map[string]any{add(w.idsOf(people[1:])...), rename, remove(w.idsOf(people[:1])...)}
	if len(people) == 1 {
		operations = operations[1:]
	}
	changes := memberCells(g, people[1:], in)
	maps.Copy(changes, memberCells(g, people[:1], ""))
	changes[groupCell(g)] = name
	return change{method: http.MethodPatch, path: "/Groups/" + w.ids[g], body: patchOf(operations...), changes: changes}
}

func memberCells(group string, people []string, value string) cells {
	c := cells{}
	for _, external := range people {
		c[memberCell(group, external)] = value
	}
	return c
}

func (w *writer) idsOf(people []string) (ids []string) {
	for _, external := range people {
		ids = append(ids, w.ids[external])
	}
	return ids
}
