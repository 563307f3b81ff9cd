package sqlite

import (
	"context"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// sweepRows is how many rows are deleted in one transaction, so that others get their turn.
const sweepRows = 1000

const (
	addPurgeSQL     = "INSERT INTO purge (tenant, uid) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
	detachTenantSQL = "UPDATE tenant SET key = NULL WHERE id = ?1"
)

// Purge implements store.Store. The tenant loses its key at once, and with it all data for everybody
// who looks; then the rows go. They also go when the purge of another tenant finds them left over.
func (s *Store) Purge(ctx context.Context, tenant, uid string) error {
	err := s.writer.update(&request{ctx: ctx, tenant: tenant, access: purging, fn: func(t *tx) error { return t.detach(uid) }})
	s.Forget(tenant)
	for more := err == nil; more && err == nil; {
		err = s.writer.update(&request{ctx: ctx, alone: true, fn: func(t *tx) (err error) {
			more, err = t.sweep()
			return err
		}})
	}
	return err
}

// detach takes the key from the tenant, unless this purge was done before.
func (t *tx) detach(uid string) error {
	st, err := t.write(addPurgeSQL)
	if err != nil {
		return err
	}
	st.BindText(1, t.r.tenant)
	st.BindText(2, uid)
	if err := st.Exec(); err != nil {
		return t.failed(err)
	}
	if t.session.conn.Changes() == 0 {
		return nil
	}
	t.ledger.setTenant(t.key, 0)
	t.ledger.setOwner(t.key, store.Ownership{})
	return t.writeInts(detachTenantSQL, t.tenant)
}

const (
	detachedSQL    = "SELECT id FROM tenant WHERE key IS NULL LIMIT 1"
	sweepLookupSQL = `DELETE FROM lookup WHERE tenant = ?1 AND (value, attr, resource) IN
		(SELECT value, attr, resource FROM lookup WHERE tenant = ?1 LIMIT ?2)`
	dropBlocksSQL  = "DELETE FROM block WHERE tenant = ?1"
	dropSpansSQL   = "DELETE FROM span WHERE tenant = ?1"
	dropTalliesSQL = "DELETE FROM tally WHERE tenant = ?1"
	dropTenantSQL  = "DELETE FROM tenant WHERE id = ?1"
)

// sweep deletes some rows of a tenant without a key. It must be alone in its batch, as the sums of
// other transactions are written at the end.
func (t *tx) sweep() (more bool, err error) {
	st, err := t.prepare(detachedSQL)
	if err != nil {
		return false, err
	}
	id, err := st.Int()
	if err != nil || id == 0 {
		return false, t.failed(err)
	}
	if err := t.writeInts(sweepLookupSQL, id, sweepRows); err != nil || t.session.conn.Changes() > 0 {
		return true, err
	}
	if swept, err := t.sweepResources(id); err != nil || swept {
		return true, err
	}
	if swept, err := t.sweepMembers(id); err != nil || swept {
		return true, err
	}
	for _, sql := range []string{dropBlocksSQL, dropSpansSQL, dropTalliesSQL, dropTenantSQL} {
		if err := t.writeInts(sql, id); err != nil {
			return false, err
		}
	}
	return true, nil
}

const (
	anyResourceSQL  = "SELECT seq FROM resource WHERE tenant = ?1 LIMIT 1"
	sweepMembersSQL = `DELETE FROM membership WHERE grp = ?1 AND pos IN
		(SELECT pos FROM membership WHERE grp = ?1 LIMIT ?2)`
)

// sweepResources deletes resources with their memberships. It tells whether there were any.
func (t *tx) sweepResources(tenant int64) (any bool, err error) {
	for rows := int64(0); rows < sweepRows; rows++ {
		st, err := t.prepare(anyResourceSQL)
		if err != nil {
			return any, err
		}
		st.BindInt64(1, tenant)
		seq, err := st.Int()
		if err != nil || seq == 0 {
			return any, t.failed(err)
		}
		any = true
		members, err := t.sweepResource(seq)
		if err != nil {
			return any, err
		}
		rows += members
	}
	return any, nil
}

// sweepResource deletes a resource, or sweepRows of its members if it has that many.
func (t *tx) sweepResource(seq int64) (members int64, err error) {
	if err := t.writeInts(sweepMembersSQL, seq, sweepRows); err != nil {
		return 0, err
	}
	if members = t.session.conn.Changes(); members == sweepRows {
		return members, nil
	}
	if err := t.writeInts(leaveGroupsSQL, seq); err != nil {
		return members, err
	}
	if err := t.writeInts(dropPasswordSQL, seq); err != nil {
		return members, err
	}
	return members, t.writeInts(deleteSQL, seq)
}
