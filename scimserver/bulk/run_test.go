package bulk_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/bulk"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
)

// directory stands for the use cases: it gives ids in the order of creation and writes down what it is asked for.
type directory struct {
	log     []string
	created int
	refuse  func(bulk.Operation) *scimerr.Error
}

func (d *directory) perform(_ context.Context, op bulk.Operation) bulk.Outcome {
	line := op.Method + " " + op.Path
	if op.Data != nil {
		line += " " + string(op.Data.AppendJSON(nil))
	}
	d.log = append(d.log, line)
	if d.refuse != nil {
		if err := d.refuse(op); err != nil {
			return bulk.Outcome{Status: err.Status, Err: err}
		}
	}
	if op.Method != http.MethodPost {
		return bulk.Outcome{Status: http.StatusOK, ID: op.Path[strings.LastIndex(op.Path, "/")+1:]}
	}
	d.created++
	return bulk.Outcome{Status: http.StatusCreated, ID: fmt.Sprintf("id%d", d.created)}
}

func parse(t *testing.T, body string) *bulk.Request {
	t.Helper()
	o, err := resource.Decode([]byte(body), resource.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := bulk.Parse(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// brief is an outcome in one line.
func brief(out []bulk.Outcome) (lines []string) {
	for _, o := range out {
		line := fmt.Sprintf("%s %s %d", o.Method, o.BulkID, o.Status)
		if o.Err != nil {
			line += " " + o.Err.Detail
		}
		lines = append(lines, line)
	}
	return lines
}

func TestRun(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		body     string
		refuse   func(bulk.Operation) *scimerr.Error
		log      []string
		outcomes []string
	}{
		"in order": {
			body: `{"Operations":[
				{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"a"}},
				{"method":"patch","path":"/Users/x","data":{"Operations":[]}},
				{"method":"DELETE","path":"/Users/y"}]}`,
			log:      []string{`POST /Users {"userName":"a"}`, `PATCH /Users/x {"Operations":[]}`, `DELETE /Users/y`},
			outcomes: []string{"POST a 201", "PATCH  200", "DELETE  200"},
		},
		"a reference backwards": {
			body: `{"Operations":[
				{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"a"}},
				{"method":"POST","path":"/Groups","bulkId":"g","data":{"members":[{"type":"User","value":"bulkId:a"}]}}]}`,
			log:      []string{`POST /Users {"userName":"a"}`, `POST /Groups {"members":[{"type":"User","value":"id1"}]}`},
			outcomes: []string{"POST a 201", "POST g 201"},
		},
		"a reference forwards: what is named goes first, the answer keeps the order": {
			body: `{"Operations":[
				{"method":"POST","path":"/Groups","bulkId":"g","data":{"members":[{"value":"bulkId:a"}]}},
				{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"a"}}]}`,
			log:      []string{`POST /Users {"userName":"a"}`, `POST /Groups {"members":[{"value":"id1"}]}`},
			outcomes: []string{"POST g 201", "POST a 201"},
		},
		"in the path and in a patch": {
			body: `{"Operations":[
				{"method":"PATCH","path":"/Users/bulkId:a","data":{"Operations":[{"op":"add","path":"manager","value":"bulkId:b"}]}},
				{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"a"}},
				{"method":"POST","path":"/Users","bulkId":"b","data":{"userName":"b"}}]}`,
			log: []string{`POST /Users {"userName":"a"}`, `POST /Users {"userName":"b"}`,
				`PATCH /Users/id1 {"Operations":[{"op":"add","path":"manager","value":"id2"}]}`},
			outcomes: []string{"PATCH  200", "POST a 201", "POST b 201"},
		},
		"a circle": {
			body: `{"Operations":[
				{"method":"POST","path":"/Groups","bulkId":"a","data":{"displayName":"A","members":[{"value":"bulkId:b"},{"value":"u"}]}},
				{"method":"POST","path":"/Groups","bulkId":"b","data":{"displayName":"B","members":[{"value":"bulkId:a"}]}}]}`,
			log: []string{`POST /Groups {"displayName":"B","members":[]}`, `POST /Groups {"displayName":"A","members":[{"value":"id1"},{"value":"u"}]}`,
				`PUT /Groups/id1 {"displayName":"B","members":[{"value":"id2"}]}`},
			outcomes: []string{"POST a 201", "POST b 201"},
		},
		"a resource that refers to itself": {
			body:     `{"Operations":[{"method":"POST","path":"/Users","bulkId":"a","data":{"manager":{"value":"bulkId:a"},"userName":"a"}}]}`,
			log:      []string{`POST /Users {"userName":"a"}`, `PUT /Users/id1 {"manager":{"value":"id1"},"userName":"a"}`},
			outcomes: []string{"POST a 201"},
		},
		"a reference to what has failed": {
			body: `{"Operations":[
				{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"taken"}},
				{"method":"POST","path":"/Groups","bulkId":"g","data":{"members":[{"value":"bulkId:a"}]}},
				{"method":"DELETE","path":"/Users/y"}]}`,
			refuse: func(op bulk.Operation) *scimerr.Error {
				if op.Path == "/Users" {
					return scimerr.Uniqueness("userName")
				}
				return nil
			},
			log:      []string{`POST /Users {"userName":"taken"}`, `DELETE /Users/y`},
			outcomes: []string{"POST a 409 userName", `POST g 409 bulkId "a": its operation has failed`, "DELETE  200"},
		},
		"a circle whose end fails": {
			body: `{"Operations":[
				{"method":"POST","path":"/Groups","bulkId":"a","data":{"displayName":"A","members":[{"value":"bulkId:b"}]}},
				{"method":"POST","path":"/Groups","bulkId":"b","data":{"displayName":"B","members":[{"value":"bulkId:a"}]}}]}`,
			refuse: func(op bulk.Operation) *scimerr.Error {
				if name, _ := op.Data.Get("displayName"); name.Text() == "A" {
					return scimerr.InvalidValue("A")
				}
				return nil
			},
			log:      []string{`POST /Groups {"displayName":"B","members":[]}`, `POST /Groups {"displayName":"A","members":[{"value":"id1"}]}`},
			outcomes: []string{"POST a 400 A", "POST b 409 the circle of references cannot be closed: an operation of it has failed"},
		},
		"a reference to nothing": {
			body:     `{"Operations":[{"method":"POST","path":"/Groups","bulkId":"g","data":{"members":[{"value":"bulkId:x"}]}}]}`,
			outcomes: []string{`POST g 400 bulkId "x": no operation of this request has it`},
		},
		"text that looks like a reference": {
			body:     `{"Operations":[{"method":"POST","path":"/Users","bulkId":"a","data":{"displayName":"bulkId:x"}}]}`,
			log:      []string{`POST /Users {"displayName":"bulkId:x"}`},
			outcomes: []string{"POST a 201"},
		},
		"stop after the errors that are allowed": {
			body: `{"failOnErrors":2,"Operations":[
				{"method":"GET","path":"/Users/x"},
				{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"a"}},
				{"method":"PUT","path":"/Users/x"},
				{"method":"DELETE","path":"/Users/y"}]}`,
			log:      []string{`POST /Users {"userName":"a"}`},
			outcomes: []string{"GET  400 method: want POST, PUT, PATCH or DELETE", "POST a 201", "PUT  400 data: want an object"},
		},
		"operations that are none": {
			body:     `{"Operations":[5,{"method":"POST","path":"/Users","data":{}},{"method":"PATCH","path":"/Users/x","data":[]}]}`,
			outcomes: []string{"  400 operation: want an object", "POST  400 bulkId: a POST needs one", "PATCH  400 data: want an object"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &directory{refuse: tc.refuse}
			out := parse(t, tc.body).Run(t.Context(), d.perform)
			if diff := cmp.Diff(tc.log, d.log); diff != "" {
				t.Errorf("performed (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.outcomes, brief(out)); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	many := `{"Operations":[` + strings.Repeat(`{"method":"DELETE","path":"/Users/x"},`, bulk.MaxOperations) + `{"method":"DELETE","path":"/Users/x"}]}`
	for name, tc := range map[string]struct {
		body   string
		status int
	}{
		"no operations":          {`{}`, 400},
		"operations no array":    {`{"Operations":{}}`, 400},
		"failOnErrors no number": {`{"failOnErrors":"1","Operations":[]}`, 400},
		"failOnErrors negative":  {`{"failOnErrors":-1,"Operations":[]}`, 400},
		"too many":               {many, 413},
		"one bulkId for two":     {`{"Operations":[{"method":"POST","path":"/Users","bulkId":"a","data":{}},{"method":"POST","path":"/Users","bulkId":"a","data":{}}]}`, 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, err := resource.Decode([]byte(tc.body), resource.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			_, err = bulk.Parse(o)
			e, ok := err.(*scimerr.Error)
			if !ok || e.Status != tc.status {
				t.Errorf("got %v, want status %d", err, tc.status)
			}
		})
	}
}

// TestLongChain refers from each operation to the next: as deep as it goes.
func TestLongChain(t *testing.T) {
	t.Parallel()
	var ops []string
	for i := range bulk.MaxOperations {
		ops = append(ops, fmt.Sprintf(`{"method":"POST","path":"/Groups","bulkId":"b%d","data":{"members":[{"value":"bulkId:b%d"}]}}`, i, (i+1)%bulk.MaxOperations))
	}
	d := &directory{}
	for i, o := range parse(t, `{"Operations":[`+strings.Join(ops, ",")+`]}`).Run(t.Context(), d.perform) {
		if o.Err != nil {
			t.Fatalf("operation %d: %v", i, o.Err)
		}
	}
	if want := bulk.MaxOperations + 1; len(d.log) != want {
		t.Errorf("%d operations performed, want each once and one PUT to close the circle", len(d.log))
	}
}
