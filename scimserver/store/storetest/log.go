package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

var logTests = map[string]func(*testing.T, *bench){
	"rows come in their order": testLogOrder,
	"rows of one user":         testLogUser,
	"rows are pruned":          testPruneLog,
}

func (b *bench) logged(rows ...store.LogRow) {
	b.tb.Helper()
	b.update(func(ctx context.Context, w store.Writer) (err error) {
		for _, r := range rows {
			err = errors.Join(err, w.AppendLog(ctx, r))
		}
		return err
	})
}

func (b *bench) logRows(q store.LogQuery) (out []int64) {
	b.tb.Helper()
	rows, err := b.QueryLog(context.Background(), b.tenant, q)
	if err != nil {
		b.tb.Fatalf("QueryLog: %v", err)
	}
	for _, r := range rows {
		out = append(out, r.Sequence)
	}
	return out
}

func row(at int, user string, subject int64) store.LogRow {
	return store.LogRow{Time: day(at), UserID: user, Subject: subject, Entry: []byte(`{"decision":"create"}`)}
}

func testLogOrder(_ *testing.T, b *bench) {
	b.logged(row(1, id(1), 5), row(2, "", 0))
	b.failsWith(errStop, func(ctx context.Context, w store.Writer) error {
		return errors.Join(w.AppendLog(ctx, row(2, "", 0)), errStop)
	})
	b.logged(row(3, id(3), 0))
	b.at(globex).logged(row(1, "", 0))
	rows, err := b.QueryLog(context.Background(), b.tenant, store.LogQuery{Limit: 1})
	want := row(1, id(1), 5)
	want.Sequence = 1
	b.equal("row", []any{rows, err}, []any{[]store.LogRow{want}, nil})
	b.equal("all", len(b.logRows(store.LogQuery{Limit: 9})), 3)
	all := b.logRows(store.LogQuery{Limit: 9})
	b.equal("oldest", b.logRows(store.LogQuery{Limit: 2}), all[:2])
	b.equal("newest", b.logRows(store.LogQuery{Limit: 2, Newest: true}), all[1:])
	b.equal("behind", b.logRows(store.LogQuery{After: all[0], Limit: 9}), all[1:])
	b.equal("since", b.logRows(store.LogQuery{Since: day(2), Limit: 9}), all[1:])
	b.equal("of another tenant", len(b.at(globex).logRows(store.LogQuery{Limit: 9})), 1)
}

func testLogUser(_ *testing.T, b *bench) {
	b.logged(row(1, id(1), 5), row(1, id(2), 6), row(1, "", 5), row(1, "", 0), row(1, id(1), 0))
	all := b.logRows(store.LogQuery{Limit: 9})
	b.equal("user", b.logRows(store.LogQuery{UserID: id(1), Limit: 9}), []int64{all[0], all[4]})
	b.equal("subject", b.logRows(store.LogQuery{Subject: 5, Limit: 9}), []int64{all[0], all[2]})
	b.equal("both", b.logRows(store.LogQuery{UserID: id(1), Subject: 5, Limit: 9}), []int64{all[0], all[2], all[4]})
	b.equal("unknown", b.logRows(store.LogQuery{UserID: id(9), Limit: 9}), []int64(nil))
}

func testPruneLog(_ *testing.T, b *bench) {
	b.logged(row(1, "", 0), row(2, "", 0), row(3, "", 0), row(4, "", 0))
	prune := func(before time.Time, keep int64, limit int) int64 {
		n, err := b.PruneLog(context.Background(), b.tenant, before, keep, limit)
		if err != nil {
			b.tb.Fatalf("PruneLog: %v", err)
		}
		return n
	}
	b.equal("old", prune(day(2), 100, 100), int64(1))
	b.equal("many", prune(day(1), 2, 100), int64(1))
	b.equal("none", prune(day(1), 2, 100), int64(0))
	b.equal("at most", prune(day(9), 0, 1), int64(1))
	b.equal("left", len(b.logRows(store.LogQuery{Limit: 9})), 1)
	b.logged(row(5, "", 0))
	b.equal("goes on", len(b.logRows(store.LogQuery{Limit: 9})), 2)
	n, err := b.PruneLog(context.Background(), "no/body", day(9), 0, 9)
	b.equal("nobody", []any{n, err}, []any{int64(0), nil})
}
