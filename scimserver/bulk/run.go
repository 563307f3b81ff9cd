package bulk

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
)

// Outcome is what an operation has come to.
type Outcome struct {
	Method, BulkID string
	Status         int
	ID             string // of the resource
	Location       string // of the resource, "": it was not created
	Version        int64  // of the resource afterwards, 0: none
	Err            *scimerr.Error
}

// Perform does one operation, whose references are resolved, in a transaction of its own. It fills all of an Outcome but
// Method and BulkID.
type Perform func(ctx context.Context, op Operation) Outcome

// Run performs the operations and returns their outcomes in the order of the request; those behind the last allowed error
// are not performed and have none. An operation that refers to a later one waits for it. In a circle, one resource is
// created without the reference first and gets it by a PUT at the end.
func (r *Request) Run(ctx context.Context, perform Perform) []Outcome {
	j := &job{request: r, perform: perform, owner: map[string]int{}, states: make([]state, len(r.Operations)), outcomes: make([]Outcome, len(r.Operations))}
	for i, op := range r.Operations {
		if op.BulkID != "" {
			j.owner[op.BulkID] = i
		}
	}
	for i := range r.Operations {
		if j.stopped() {
			break
		}
		j.run(ctx, i)
	}
	j.closeCircles(ctx)
	return j.done()
}

type state uint8

const (
	waiting state = iota
	running       // or waiting for what it refers to
	performed
)

type job struct {
	request  *Request
	perform  Perform
	owner    map[string]int // bulkId → operation
	states   []state
	outcomes []Outcome
	partial  []int // operations that were performed without some of their references
	errors   int
}

func (j *job) stopped() bool { return j.request.FailOnErrors > 0 && j.errors >= j.request.FailOnErrors }

// run performs an operation after those it refers to. The depth is bounded by MaxOperations.
func (j *job) run(ctx context.Context, i int) {
	if j.states[i] != waiting {
		return
	}
	j.states[i] = running
	op := j.request.Operations[i]
	if op.invalid != nil {
		j.finish(i, failure(op.invalid))
		return
	}
	for _, bulkID := range op.references() {
		owner, ok := j.owner[bulkID]
		if !ok {
			j.finish(i, failure(scimerr.InvalidValue("bulkId %q: no operation of this request has it", bulkID)))
			return
		}
		j.run(ctx, owner)
		if j.stopped() {
			j.states[i] = waiting
			return
		}
	}
	j.performResolved(ctx, i, op)
}

func (j *job) performResolved(ctx context.Context, i int, op Operation) {
	if err := j.brokenReference(op); err != nil {
		j.finish(i, failure(err))
		return
	}
	resolved, complete := op.resolve(j.find)
	if resolved.Data == nil && op.Data != nil {
		j.finish(i, failure(scimerr.InvalidValue("data: is nothing without the resource it refers to")))
		return
	}
	out := j.perform(ctx, resolved)
	if !complete && out.Err == nil {
		j.partial = append(j.partial, i)
	}
	j.finish(i, out)
}

// brokenReference is the error of an operation that refers to one that has failed, or needs one in its path that waits
// for it.
func (j *job) brokenReference(op Operation) error {
	for _, bulkID := range op.references() {
		owner := j.owner[bulkID]
		if j.states[owner] == performed && j.outcomes[owner].Err != nil {
			return scimerr.New(http.StatusConflict, scimerr.None, "bulkId %q: its operation has failed", bulkID)
		}
		if j.states[owner] == running && strings.HasSuffix(op.Path, marker+bulkID) {
			return scimerr.New(http.StatusConflict, scimerr.None, "bulkId %q: its operation waits for this one", bulkID)
		}
	}
	return nil
}

// find is the id of a resource that was created.
func (j *job) find(bulkID string) (string, bool) {
	i := j.owner[bulkID]
	return j.outcomes[i].ID, j.states[i] == performed && j.outcomes[i].Err == nil
}

func (j *job) finish(i int, out Outcome) {
	op := j.request.Operations[i]
	out.Method, out.BulkID = op.Method, op.BulkID
	j.outcomes[i] = out
	j.states[i] = performed
	if out.Err != nil {
		j.errors++
	}
}

// closeCircles gives the references to those that were performed without.
func (j *job) closeCircles(ctx context.Context) {
	for _, i := range j.partial {
		op := j.request.Operations[i]
		resolved, complete := op.resolve(j.find)
		if !complete {
			j.finish(i, failure(scimerr.New(http.StatusConflict, scimerr.None, "the circle of references cannot be closed: an operation of it has failed")))
			continue
		}
		if op.Method == http.MethodPost {
			resolved.Method = http.MethodPut
			resolved.Path += "/" + j.outcomes[i].ID
		}
		resolved.Version = ""
		out := j.perform(ctx, resolved)
		if out.Err == nil {
			out.Status = j.outcomes[i].Status
		}
		j.finish(i, out)
	}
}

func (j *job) done() []Outcome {
	out := make([]Outcome, 0, len(j.outcomes))
	for i, o := range j.outcomes {
		if j.states[i] == performed {
			out = append(out, o)
		}
	}
	return out
}

func failure(err error) Outcome {
	var e *scimerr.Error
	if !errors.As(err, &e) {
		e = scimerr.Wrap(err, http.StatusInternalServerError, scimerr.None, "internal error")
	}
	return Outcome{Status: e.Status, Err: e}
}
