package command

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"

	"github.com/scim-operator/scim-operator/scimserver/admin"
)

func replayFlags(set *flag.FlagSet, o *options) {
	set.Int64Var(&o.from, "from", 0, "only events from this `sequence` on")
	set.Int64Var(&o.to, "to", 0, "only events up to this `sequence`")
	set.StringVar(&o.member, "member", "", "only events of the member with this `id`")
	set.BoolVar(&o.parkedOnly, "parked", false, "only events that were given up")
}

// replay has events sent again.
func replay(ctx context.Context, c *call) error {
	body, err := json.Marshal(admin.Replay{From: c.from, To: c.to, Member: c.member, ParkedOnly: c.parkedOnly})
	if err != nil {
		return err
	}
	return c.lines(ctx, http.MethodPost, "replay", nil, bytes.NewReader(body), func(line []byte) error {
		if c.json() {
			return c.raw(line)
		}
		var r admin.Replayed
		if err := json.Unmarshal(line, &r); err != nil {
			return fmt.Errorf("answer of the server: %w", err)
		}
		_, err := fmt.Fprintf(c.io.Out, "%d events will be sent again\n", r.Events)
		return err
	})
}
