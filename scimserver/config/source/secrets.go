package source

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
)

// tornFor is how long shards may not belong together before that is told: between the writes of one change, and while the
// right to read a new shard comes into effect.
const tornFor = 15 * time.Second

// Secrets follows the config Secret and those with the further shards that it names, NAME-1, NAME-2 …, by their names.
type Secrets struct {
	Client *Client
	Object // of shard 0
	Log    *slog.Logger
	// Patience with shards that do not belong together; 0: 15 seconds.
	Patience time.Duration
}

// change is the new content of a shard.
type change struct {
	shard int
	data  []byte
}

// Run calls offer with each new configuration, whole, until ctx ends, and returns ctx's error. A set that stays torn is
// offered as well, so that its error is told.
func (s *Secrets) Run(ctx context.Context, offer func(data []byte) error) error {
	f := &following{Secrets: s, offer: offer, changes: make(chan change), followed: map[int]context.CancelFunc{}}
	if f.Patience == 0 {
		f.Patience = tornFor
	}
	defer f.endAll()
	f.follow(ctx)
	torn := time.NewTimer(f.Patience)
	defer torn.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case c := <-f.changes:
			f.collector.Put(c.shard, c.data)
			f.follow(ctx)
			if f.tell(false) {
				torn.Stop()
			} else if !f.torn {
				f.torn = true
				torn.Reset(f.Patience)
			}
		case <-torn.C:
			f.tell(true)
		}
	}
}

// following is a run of Secrets.
type following struct {
	*Secrets
	offer     func(data []byte) error
	changes   chan change
	collector config.Collector
	followed  map[int]context.CancelFunc
	torn      bool // since the last whole set
}

// tell offers what has been gathered if it is whole, or anyway.
func (f *following) tell(anyway bool) (whole bool) {
	data, err := f.collector.Bundle()
	if err != nil && (!anyway || !errors.Is(err, config.ErrTorn) || data == nil) {
		return false
	}
	f.torn = err != nil
	_ = f.offer(data) // whoever refuses it says so
	return err == nil
}

// follow watches what the index names, and nothing else.
func (f *following) follow(ctx context.Context) {
	wanted := f.collector.Wanted()
	for shard, end := range f.followed {
		if !slices.Contains(wanted, shard) {
			end()
			delete(f.followed, shard)
			f.collector.Put(shard, nil)
		}
	}
	for _, shard := range wanted {
		if f.followed[shard] == nil {
			f.watch(ctx, shard)
		}
	}
}

func (f *following) watch(ctx context.Context, shard int) {
	ctx, f.followed[shard] = context.WithCancel(ctx)
	object := f.Object
	if shard > 0 {
		object.Name = fmt.Sprintf("%s-%d", object.Name, shard)
	}
	one := &Secret{Client: f.Client, Object: object, Log: f.Log}
	go func() {
		_ = one.Run(ctx, func(data []byte) error { // ends with ctx
			if data == nil {
				data = []byte{} // the Secret is there, and empty
			}
			select {
			case f.changes <- change{shard: shard, data: data}:
			case <-ctx.Done():
			}
			return nil
		})
	}()
}

func (f *following) endAll() {
	for _, end := range f.followed {
		end()
	}
}
