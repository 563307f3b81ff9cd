package main

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"

	"github.com/scim-operator/scim-operator/test/bench/load"
	"github.com/scim-operator/scim-operator/test/bench/people"
	"github.com/scim-operator/scim-operator/test/bench/report"
	"github.com/scim-operator/scim-operator/test/bench/wire"
)

// bareOperations are what reads and writes are compared with: a GET, and a POST of a user.
func bareOperations() (read, write load.Operation) {
	read = load.Operation{Name: "bare GET", Status: http.StatusOK, Next: func(w *load.Worker) bool {
		w.Method, w.Path = http.MethodGet, append(w.Path[:0], "/Users/0190d5a8-7c1e-7d3a-9a53-0c6f4be2a8e1"...)
		return true
	}}
	write = load.Operation{Name: "bare POST", Status: http.StatusOK, Next: func(w *load.Worker) bool {
		w.Method, w.Path, w.Body = http.MethodPost, append(w.Path[:0], "/Users"...), people.AppendUser(w.Body[:0], w.Rand.IntN(1000), 0)
		return true
	}}
	return read, write
}

// directory is a populated tenant.
type directory struct {
	target    wire.Target // for single requests; those that are measured go to a pool
	users     []string    // ids; the index is the person
	revisions atomic.Int64
	created   atomic.Int64 // persons beyond users
}

func (d *directory) randomUser(w *load.Worker) int { return w.Rand.IntN(len(d.users)) }

// read is an operation that gets one page or resource.
func (d *directory) read(name string, path func(dst []byte, w *load.Worker) []byte) measured {
	return measured{group: -1, Operation: load.Operation{Name: name, Status: http.StatusOK, Next: func(w *load.Worker) bool {
		w.Method, w.Path, w.Body = http.MethodGet, path(w.Path[:0], w), w.Body[:0]
		return true
	}}}
}

const noHit = "filter userName, no hit"

// userReads are lookups and lists as identity providers send them.
func (d *directory) userReads() []measured {
	return []measured{
		d.read(report.Get, func(dst []byte, w *load.Worker) []byte {
			w.Item = d.randomUser(w)
			return append(append(dst, "/Users/"...), d.users[w.Item]...)
		}),
		d.read(report.Filter, func(dst []byte, w *load.Worker) []byte {
			w.Item = d.randomUser(w)
			return append(appendFilter(dst, "userName", people.AppendUserName, w.Item), "&startIndex=1&count=100"...)
		}),
		d.read(noHit, func(dst []byte, w *load.Worker) []byte {
			return appendFilter(dst, "userName", people.AppendUserName, len(d.users)+5_000_000+w.Rand.IntN(1_000_000))
		}),
		d.read("filter externalId", func(dst []byte, w *load.Worker) []byte {
			w.Item = d.randomUser(w)
			return appendFilter(dst, "externalId", people.AppendExternalID, w.Item)
		}),
		d.read("filter work e-mail", func(dst []byte, w *load.Worker) []byte {
			w.Item = d.randomUser(w)
			return appendFilter(dst, "emails%5Btype+eq+%22work%22%5D.value", people.AppendUserName, w.Item)
		}),
		d.read(report.List, func(dst []byte, _ *load.Worker) []byte {
			return append(dst, "/Users?startIndex=1&count=100"...)
		}),
		d.read(report.DeepPage, func(dst []byte, w *load.Worker) []byte {
			deep := len(d.users) * 9 / 10
			dst = append(dst, "/Users?startIndex="...)
			dst = strconv.AppendInt(dst, int64(deep+1+w.Rand.IntN(max(1, len(d.users)-deep-100))), 10)
			return append(dst, "&count=100"...)
		}),
	}
}

// appendFilter appends a search for one value.
func appendFilter(dst []byte, attribute string, value func([]byte, int) []byte, item int) []byte {
	dst = append(append(append(dst, "/Users?filter="...), attribute...), "+eq+%22"...)
	start := len(dst)
	dst = value(dst, item)
	if at := bytes.IndexByte(dst[start:], '@'); at >= 0 {
		rest := string(dst[start+at+1:])
		dst = append(append(dst[:start+at], "%40"...), rest...)
	}
	return append(dst, "%22"...)
}

// write is an operation that changes a user.
func (d *directory) write(name, method string, next func(w *load.Worker)) measured {
	return measured{group: -1, write: true, Operation: load.Operation{Name: name, Status: http.StatusOK, Next: func(w *load.Worker) bool {
		next(w)
		w.Method, w.Path = method, append(append(w.Path[:0], "/Users/"...), d.users[w.Item]...)
		return true
	}}}
}

const patchOp = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[`

// userWrites change users; every request does change something.
func (d *directory) userWrites() []measured {
	inactive := make([]bool, len(d.users))
	return []measured{
		d.write(report.Patch, http.MethodPatch, func(w *load.Worker) {
			w.Item = d.randomUser(w)
			w.Body = append(append(w.Body[:0], patchOp...), `{"op":"replace","path":"title","value":"Title `...)
			w.Body = append(strconv.AppendInt(w.Body, d.revisions.Add(1), 10), `"}]}`...)
		}),
		d.write("patch active", http.MethodPatch, func(w *load.Worker) {
			w.Item = d.ownUser(w)
			inactive[w.Item] = !inactive[w.Item]
			value := "True"
			if inactive[w.Item] {
				value = "False"
			}
			w.Body = append(append(w.Body[:0], patchOp...), `{"op":"Replace","path":"active","value":"`...)
			w.Body = append(append(w.Body, value...), `"}]}`...)
		}),
		d.write(report.Put, http.MethodPut, func(w *load.Worker) {
			w.Item = d.randomUser(w)
			w.Body = people.AppendUser(w.Body[:0], w.Item, int(d.revisions.Add(1)))
		}),
	}
}

// stripes is more than the number of workers: a user of a worker's own stripe is nobody else's.
const stripes = 64

func (d *directory) ownUser(w *load.Worker) int {
	if len(d.users) < stripes {
		return w.Number % len(d.users)
	}
	return w.Rand.IntN(len(d.users)/stripes)*stripes + w.Number%stripes
}

// createAndDelete adds users and takes them away again, so that their number stays.
func (d *directory) createAndDelete() series {
	var created load.Stock[string]
	add := load.Operation{
		Name: report.Create, Status: http.StatusCreated,
		Next: func(w *load.Worker) bool {
			w.Method, w.Path = http.MethodPost, append(w.Path[:0], "/Users"...)
			w.Body = people.AppendUser(w.Body[:0], len(d.users)+int(d.created.Add(1)), 0)
			return true
		},
		Done: func(_ *load.Worker, a wire.Answer) error {
			id, err := idOf(a)
			created.Put(id)
			return err
		},
	}
	remove := load.Operation{Name: "delete", Status: http.StatusNoContent, Next: func(w *load.Worker) bool {
		id, ok := created.Take()
		w.Method, w.Path, w.Body = http.MethodDelete, append(append(w.Path[:0], "/Users/"...), id...), w.Body[:0]
		return ok
	}}
	return series{ops: []measured{{add, -1, true}, {remove, -1, true}}, restore: &remove}
}

// idOf takes the id of a new resource from its Location.
func idOf(a wire.Answer) (string, error) {
	i := bytes.LastIndexByte(a.Location, '/')
	if i < 0 || i+1 == len(a.Location) {
		return "", fmt.Errorf("header Location %q holds no id", a.Location)
	}
	return string(a.Location[i+1:]), nil
}
