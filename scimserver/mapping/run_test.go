package mapping

import (
	"context"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
)

// TestInterrupt: the clock ends a loop that its cost didn't end.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	reg, err := schema.New(schema.Options{Groups: true})
	if err != nil {
		t.Fatal(err)
	}
	c, err := newCompiler(reg)
	if err != nil {
		t.Fatal(err)
	}
	x := c.expression("f", `groups.all(g, g != "x")`, Boolean, false)
	if x == nil || !x.loops {
		t.Fatalf("%v, %+v", c.errs, x)
	}
	in := &Input{User: resource.NewObject(0), Groups: make([]string, 10*interruptEvery)}
	over, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, tc := range []struct {
		ctx  context.Context
		want Found
	}{{over, Present}, {over, Failed}} {
		_, found, err := x.read(&evaluation{in: *in, ctx: tc.ctx})
		if found != tc.want || (err != nil) != (found == Failed) || err != nil && !tooExpensive(err) {
			t.Errorf("%s, %v, want %s", found, err, tc.want)
		}
		cancel()
	}
}
