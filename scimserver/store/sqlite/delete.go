package sqlite

import (
	"context"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

const (
	touchGroupsSQL = `UPDATE resource SET version = version + 1, modified = ?2
		WHERE seq IN (SELECT grp FROM membership WHERE member = ?1)`
	leaveGroupsSQL = "DELETE FROM membership WHERE member = ?1"
	clearGroupSQL  = "DELETE FROM membership WHERE grp = ?1"
	deleteSQL      = "DELETE FROM resource WHERE seq = ?1"
)

// Delete implements store.Writer.
func (t *tx) Delete(ctx context.Context, typ, id string, at time.Time) error {
	r, err := t.changeRow(ctx, typ, id)
	if err != nil {
		return err
	}
	if !r.alone {
		if err := t.leaveGroups(r.seq, at); err != nil {
			return err
		}
	}
	if typ == store.TypeGroup {
		if err := t.writeInts(clearGroupSQL, r.seq); err != nil {
			return err
		}
	}
	return t.deleteRow(r)
}

// leaveGroups removes the memberships of a resource.
func (t *tx) leaveGroups(seq int64, at time.Time) error {
	if err := t.writeInts(touchGroupsSQL, seq, at.UnixMilli()); err != nil {
		return err
	}
	return t.writeInts(leaveGroupsSQL, seq)
}

func (t *tx) deleteRow(r row) error {
	keys, err := parseKeys(r.keys)
	if err != nil {
		return t.failed(err)
	}
	if err := t.changeLookups(r.seq, keys, nil); err != nil {
		return err
	}
	if err := t.writeInts(dropPasswordSQL, r.seq); err != nil {
		return err
	}
	if err := t.writeInts(deleteSQL, r.seq); err != nil {
		return err
	}
	t.ledger.count(t.tenant, r.typ, r.seq, -1, r.active)
	return nil
}
