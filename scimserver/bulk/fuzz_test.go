package bulk_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/bulk"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimtest"
)

// FuzzRun: each operation is performed once, or twice to close a circle; no reference is left in what is performed; every
// operation has an outcome, unless the errors have ended the request.
func FuzzRun(f *testing.F) {
	for _, r := range scimtest.Sessions(f) {
		if r.Path == "/Bulk" {
			f.Add([]byte(r.Body), 0)
			f.Add([]byte(r.Body), 2)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, refuseEach int) {
		body, err := resource.Decode(data, resource.Limits{})
		if err != nil {
			return
		}
		r, err := bulk.Parse(body)
		if err != nil {
			if e, ok := errors.AsType[*scimerr.Error](err); !ok || e.Status != 400 && e.Status != 413 || e.Detail == "" {
				t.Fatalf("error %v", err)
			}
			return
		}
		d := &directory{}
		d.refuse = func(op bulk.Operation) *scimerr.Error {
			checkResolved(t, op)
			if refuseEach > 0 && len(d.log)%refuseEach == 0 {
				return scimerr.NotFound("no")
			}
			return nil
		}
		checkOutcomes(t, r, r.Run(context.Background(), d.perform), len(d.log))
	})
}

func checkResolved(t *testing.T, op bulk.Operation) {
	t.Helper()
	if strings.Contains(op.Path, "bulkId:") {
		t.Fatalf("performed with the path %s", op.Path)
	}
	if op.Data != nil {
		checkValues(t, "", resource.Obj(op.Data))
	}
	if (op.Method == http.MethodDelete) != (op.Data == nil) {
		t.Fatalf("%s with the data %v", op.Method, op.Data)
	}
}

// checkValues looks for a reference where one may be.
func checkValues(t *testing.T, name string, v resource.Value) {
	t.Helper()
	if strings.EqualFold(name, "value") && strings.HasPrefix(v.Text(), "bulkId:") {
		t.Fatalf("performed with the reference %s", v.Text())
	}
	for _, e := range v.Elems() {
		checkValues(t, name, e)
	}
	for name, w := range v.Object().All() {
		checkValues(t, name, w)
	}
}

func checkOutcomes(t *testing.T, r *bulk.Request, out []bulk.Outcome, performed int) {
	t.Helper()
	failed := 0
	for _, o := range out {
		if o.Err != nil {
			failed++
		}
		if o.Status < 200 || o.Status > 599 || (o.Err != nil) != (o.Status >= 400) {
			t.Fatalf("outcome %+v", o)
		}
	}
	if len(out) > len(r.Operations) || performed > 2*len(r.Operations) {
		t.Fatalf("%d outcomes and %d performed of %d operations", len(out), performed, len(r.Operations))
	}
	if stopped := r.FailOnErrors > 0 && failed >= r.FailOnErrors; len(out) < len(r.Operations) && !stopped {
		t.Fatalf("%d outcomes of %d operations, %d failed", len(out), len(r.Operations), failed)
	}
}
