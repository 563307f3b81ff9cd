package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/scim-operator/scim-operator/test/bench/load"
	"github.com/scim-operator/scim-operator/test/bench/people"
	"github.com/scim-operator/scim-operator/test/bench/report"
	"github.com/scim-operator/scim-operator/test/bench/wire"
)

// writers is the number of connections that populate: many, so that one fsync makes many users durable.
const writers = 64

// bulkAtOnce is the number of users in a Bulk request, where the server allows so many.
const bulkAtOnce = 100

// populate adds users through the public API, by Bulk where the server announces it.
func populate(ctx context.Context, t wire.Target, features providerConfig, users int) ([]string, *report.Populate, error) {
	pool, err := load.Dial(ctx, wire.Dial, t, writers)
	if err != nil {
		return nil, nil, err
	}
	defer pool.Close()
	ids := make([]string, users)
	method, op := "POST", postUsers(ids)
	if features.Bulk.Supported {
		method, op = "Bulk", bulkUsers(ids, min(bulkAtOnce, features.Bulk.MaxOperations))
	}
	round, err := pool.Run(ctx, op, 0)
	if err != nil {
		return nil, nil, err
	}
	for i, id := range ids {
		if id == "" {
			return nil, nil, fmt.Errorf("user %d was not created", i)
		}
	}
	return ids, &report.Populate{Method: method, PerSecond: float64(users) / round.Elapsed.Seconds()}, nil
}

func postUsers(ids []string) load.Operation {
	var next atomic.Int64
	return load.Operation{
		Name: "populate", Status: http.StatusCreated,
		Next: func(w *load.Worker) bool {
			if w.Item = int(next.Add(1)) - 1; w.Item >= len(ids) {
				return false
			}
			tellProgress(w.Item, len(ids))
			w.Method, w.Path, w.Body = http.MethodPost, append(w.Path[:0], "/Users"...), people.AppendUser(w.Body[:0], w.Item, 0)
			return true
		},
		Done: func(w *load.Worker, a wire.Answer) (err error) {
			ids[w.Item], err = idOf(a)
			return err
		},
	}
}

func tellProgress(i, all int) {
	if i > 0 && i%100_000 == 0 {
		progress("populated %d of %d", i, all)
	}
}

func bulkUsers(ids []string, size int) load.Operation {
	var next atomic.Int64
	return load.Operation{
		Name: "populate by Bulk", Status: http.StatusOK, Keep: true,
		Next: func(w *load.Worker) bool {
			if w.Item = int(next.Add(int64(size))) - size; w.Item >= len(ids) {
				return false
			}
			w.Method, w.Path = http.MethodPost, append(w.Path[:0], "/Bulk"...)
			w.Body = appendBulk(w.Body[:0], w.Item, min(w.Item+size, len(ids)))
			return true
		},
		Done: func(_ *load.Worker, a wire.Answer) error { return takeBulk(ids, a.Body) },
	}
}

// appendBulk appends a request that creates the users from first up to end; the bulkId is the user's number.
func appendBulk(dst []byte, first, end int) []byte {
	dst = append(dst, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"failOnErrors":1,"Operations":[`...)
	for i := first; i < end; i++ {
		if i > first {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(append(dst, `{"method":"POST","path":"/Users","bulkId":"`...), int64(i), 10)
		dst = append(people.AppendUser(append(dst, `","data":`...), i, 0), '}')
	}
	return append(dst, "]}"...)
}

func takeBulk(ids []string, body []byte) error {
	var answer struct {
		Operations []struct {
			BulkID, Location string
			Status           json.RawMessage // a string in the RFC, an object in some servers
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return err
	}
	for _, op := range answer.Operations {
		i, err := strconv.Atoi(op.BulkID)
		if err != nil || i < 0 || i >= len(ids) || !strings.Contains(string(op.Status), "201") {
			return fmt.Errorf("operation %q of a Bulk request has the status %s", op.BulkID, op.Status)
		}
		ids[i] = op.Location[strings.LastIndexByte(op.Location, '/')+1:]
	}
	return nil
}
