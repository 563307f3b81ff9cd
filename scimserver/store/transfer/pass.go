package transfer

import (
	"context"
	"fmt"
	"slices"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Source is where a tenant comes from.
type Source interface {
	// Sums calls yield for the checksum of each row, on one snapshot and in the order of store.Transfer's Dump.
	Sums(ctx context.Context, yield func(store.RowSum) error) error

	// Rows calls yield for those rows of a kind that have one of the keys and are still there.
	Rows(ctx context.Context, kind string, keys []string, yield func(store.Row) error) error
}

// Local is a tenant of a store as a Source.
type Local struct {
	Store  store.Transfer
	Tenant string
}

// Sums implements Source.
func (l Local) Sums(ctx context.Context, yield func(store.RowSum) error) error {
	return store.Sums(ctx, l.Store, l.Tenant, yield)
}

// Rows implements Source.
func (l Local) Rows(ctx context.Context, kind string, keys []string, yield func(store.Row) error) error {
	return l.Store.Rows(ctx, l.Tenant, kind, keys, yield)
}

// Difference is what a Pass has found.
type Difference struct {
	Rows    int64 // of the source, on the snapshot that was compared
	Loaded  int64 // were missing, or other
	Removed int64
}

// None tells that the tenant was at the target just as it was at the source.
func (d Difference) None() bool { return d.Loaded == 0 && d.Removed == 0 }

// Pass makes a tenant at the target what it was at the source: it compares the checksums of all rows, removes what the source
// does not have, and loads what is missing or other. While the source changes it takes further passes, each with less to do.
// What a pass that was interrupted has loaded stays, and is not loaded again. progress is told of rows that were loaded.
func Pass(ctx context.Context, from Source, to store.Transfer, tenant string, progress func(done, total int64)) (d Difference, err error) {
	theirs, ours, err := both(ctx, from, Local{Store: to, Tenant: tenant})
	if err != nil {
		return d, err
	}
	remove, missing := compare(theirs, ours)
	for _, sums := range theirs {
		d.Rows += int64(len(sums))
	}
	d.Removed = int64(len(remove))
	for part := range slices.Chunk(remove, chunkRows) {
		if err := to.Load(ctx, tenant, part, nil); err != nil {
			return d, fmt.Errorf("remove rows: %w", err)
		}
	}
	total := int64(0)
	for _, keys := range missing {
		total += int64(len(keys))
	}
	c := &chunk{to: to, tenant: tenant, loaded: func(n int) {
		d.Loaded += int64(n)
		if progress != nil {
			progress(d.Loaded, total)
		}
	}}
	for _, kind := range store.RowKinds {
		for keys := range slices.Chunk(missing[kind], chunkRows) {
			err := from.Rows(ctx, kind, keys, func(r store.Row) error { return c.add(ctx, r) })
			if err != nil {
				return d, fmt.Errorf("load rows of kind %s: %w", kind, err)
			}
			if err := c.flush(ctx); err != nil {
				return d, fmt.Errorf("load rows of kind %s: %w", kind, err)
			}
		}
	}
	return d, nil
}

// sums are checksums by kind, in their order.
type sums map[string][]store.RowSum

// both reads the checksums of both sides at the same time: who waits for the last pass waits for this.
func both(ctx context.Context, from, to Source) (theirs, ours sums, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	failed := make(chan error, 1)
	go func() {
		var err error
		ours, err = read(ctx, to)
		failed <- err
	}()
	theirs, err = read(ctx, from)
	if err != nil {
		cancel()
	}
	ourErr := <-failed
	if err != nil {
		return nil, nil, fmt.Errorf("read the source: %w", err)
	}
	return theirs, ours, ourErr
}

func read(ctx context.Context, s Source) (sums, error) {
	all := sums{}
	err := s.Sums(ctx, func(r store.RowSum) error {
		all[r.Kind] = append(all[r.Kind], r)
		return nil
	})
	return all, err
}

// compare tells which rows of ours are to go, and which of theirs to come, by kind.
func compare(theirs, ours sums) (remove []store.RowKey, missing map[string][]string) {
	missing = map[string][]string{}
	for _, kind := range store.RowKinds {
		have := make(map[string]store.RowSum, len(ours[kind]))
		for _, r := range ours[kind] {
			have[r.Key] = r
		}
		want := make(map[string]bool, len(theirs[kind]))
		for _, r := range theirs[kind] {
			want[r.Key] = true
		}
		gone := func(r store.RowSum) bool { return !want[r.Key] && kind != store.RowPurge && kind != store.RowStream }
		if kind == store.RowResource {
			misplaced := outOfOrder(theirs[kind], ours[kind], have)
			gone = func(r store.RowSum) bool { return !want[r.Key] || misplaced[r.Key] }
		}
		for _, r := range ours[kind] {
			if gone(r) {
				remove = append(remove, r.RowKey)
				delete(have, r.Key)
			}
		}
		for _, r := range theirs[kind] {
			if have[r.Key] != r {
				missing[kind] = append(missing[kind], r.Key)
			}
		}
	}
	return remove, missing
}

// outOfOrder are those of our resources that must be loaded anew, as new ones go behind all others of their type: from the
// first on that is not where it is with them. That happens where a resource was deleted and came back under its id.
func outOfOrder(theirs, ours []store.RowSum, have map[string]store.RowSum) map[string]bool {
	common := map[string][]string{} // by type, those of theirs that we have, up to the first that we lack
	lacking := map[string]bool{}
	for _, r := range theirs {
		if h, known := have[r.Key]; !known || h.Type != r.Type {
			lacking[r.Type] = true
		}
		if !lacking[r.Type] {
			common[r.Type] = append(common[r.Type], r.Key)
		}
	}
	wanted := make(map[string]bool, len(theirs))
	for _, r := range theirs {
		wanted[r.Key] = true
	}
	misplaced := map[string]bool{}
	broken := map[string]bool{}
	for _, r := range ours {
		if !wanted[r.Key] {
			continue
		}
		if left := common[r.Type]; !broken[r.Type] && len(left) > 0 && left[0] == r.Key {
			common[r.Type] = left[1:]
			continue
		}
		broken[r.Type], misplaced[r.Key] = true, true
	}
	return misplaced
}
