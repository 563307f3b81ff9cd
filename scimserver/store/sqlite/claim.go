package sqlite

import (
	"context"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Shared implements store.Store: no other process may use the file. That is also why claims need no table.
func (s *Store) Shared() bool { return false }

const claimSQL = "UPDATE event SET due = ?2 WHERE id = ?1"

// claimDue is Due with a claim.
func (s *Store) claimDue(ctx context.Context, tenant string, now time.Time, limit int, claim time.Duration) (due []store.Event, err error) {
	until := now.Add(claim).UnixMilli()
	err = s.change(ctx, tenant, func(t *tx) error {
		epoch, err := t.epoch()
		if err != nil {
			return err
		}
		if due, err = t.eventsOf(ctx, epoch, dueSQL, now.UnixMilli(), int64(limit)); err != nil {
			return err
		}
		due = onePerMember(due)
		for i := range due {
			if err := t.writeInts(claimSQL, streamID(t.tenant, due[i].Sequence), until); err != nil {
				return err
			}
			due[i].NextAttempt = timeOf(until)
		}
		return nil
	})
	return due, err
}

// epoch is that of the tenant's stream, which may not be in its table yet.
func (t *tx) epoch() (string, error) {
	if s := t.b.ledger.stream(t.tenant); s != nil {
		return s.epoch, nil
	}
	s, err := t.readStream()
	return s.epoch, err
}

const unclaimSQL = "UPDATE event SET due = created WHERE id = ?1 AND due = ?2"

// Unclaim implements store.Store.
func (s *Store) Unclaim(ctx context.Context, tenant string, events []store.Event) error {
	return s.change(ctx, tenant, func(t *tx) error {
		for _, e := range events {
			if err := t.writeInts(unclaimSQL, streamID(t.tenant, e.Sequence), e.NextAttempt.UnixMilli()); err != nil {
				return err
			}
		}
		return nil
	})
}

// dueTenantsSQL goes from one tenant to the next in the index, however many events each has.
const dueTenantsSQL = `WITH RECURSIVE waiting (tenant) AS (
		SELECT min(tenant) FROM event WHERE due IS NOT NULL
		UNION ALL
		SELECT (SELECT min(e.tenant) FROM event e WHERE e.due IS NOT NULL AND e.tenant > w.tenant) FROM waiting w WHERE w.tenant IS NOT NULL),
	first (tenant, due) AS (
		SELECT tenant, (SELECT min(e.due) FROM event e WHERE e.tenant = w.tenant AND e.due IS NOT NULL) FROM waiting w WHERE tenant IS NOT NULL)
	SELECT n.key FROM first f JOIN tenant n ON n.id = f.tenant WHERE f.due <= ?1 AND n.key IS NOT NULL ORDER BY f.due, n.key LIMIT ?2`

// DueTenants implements store.Store.
func (s *Store) DueTenants(ctx context.Context, now time.Time, limit int) (keys []string, err error) {
	session, err := s.readers.get(ctx)
	if err != nil {
		return nil, err
	}
	defer s.readers.put(session)
	st, err := session.prepare(dueTenantsSQL)
	if err != nil {
		return nil, classify(err)
	}
	defer st.Reset()
	st.BindInt64(1, now.UnixMilli())
	st.BindInt64(2, int64(limit))
	for {
		row, err := st.Step()
		if err != nil || !row {
			return keys, classify(err)
		}
		keys = append(keys, st.Text(0))
	}
}

const headSQL = "SELECT s.last, s.logs FROM stream s JOIN tenant n ON n.id = s.tenant WHERE n.key = ?1"

// Heads implements store.Store.
func (s *Store) Heads(ctx context.Context, tenants []string) (map[string]store.Head, error) {
	session, err := s.readers.get(ctx)
	if err != nil {
		return nil, err
	}
	defer s.readers.put(session)
	heads := map[string]store.Head{}
	for _, key := range tenants {
		h, err := session.head(key)
		if err != nil {
			return nil, classify(err)
		}
		if h != (store.Head{}) {
			heads[key] = h
		}
	}
	return heads, nil
}

func (s *session) head(key string) (h store.Head, err error) {
	st, err := s.prepare(headSQL)
	if err != nil {
		return h, err
	}
	defer st.Reset()
	st.BindText(1, key)
	if row, err := st.Step(); err != nil || !row {
		return h, err
	}
	return store.Head{Event: st.Int64(0), Log: st.Int64(1)}, nil
}
