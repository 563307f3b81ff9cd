package sqlite

import (
	"context"
	"errors"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

const (
	lostExternalSQL = "SELECT " + memberColumns + ` FROM member WHERE tenant = ?1 AND external = ?2 AND user IS NULL
		ORDER BY modified DESC, id DESC LIMIT 1`
	lostNameSQL = "SELECT " + memberColumns + ` FROM member WHERE tenant = ?1 AND lost_name = ?2 AND lost_name IS NOT NULL
		ORDER BY modified DESC, id DESC LIMIT 1`
)

// linked is what a batch knows of a tenant: whether each of its members has a user. Then nobody need be looked for among
// those that have none, with every user that comes.
type linked struct {
	tenant int64
	all    bool
}

// allLinked tells whether all members of the tenant have users, if that is known.
func (l *ledger) allLinked(tenant int64) (all, known bool) {
	for ; l != nil; l = l.outer {
		for _, k := range l.linked {
			if k.tenant == tenant {
				return k.all, true
			}
		}
	}
	return false, false
}

func (l *ledger) setLinked(tenant int64, all bool) {
	for i := range l.linked {
		if l.linked[i].tenant == tenant {
			l.linked[i].all = all
			return
		}
	}
	l.linked = append(l.linked, linked{tenant, all})
}

const anyUnlinkedSQL = "SELECT 1 FROM member INDEXED BY member_lost_external WHERE tenant = ?1 AND user IS NULL LIMIT 1"

// Unlinked implements store.Reader.
func (t *tx) Unlinked(ctx context.Context, userName, externalID string) (store.MemberRecord, error) {
	all, known := t.ledger.allLinked(t.tenant)
	if !known {
		st, err := t.memberQuery(ctx, anyUnlinkedSQL)
		if err != nil {
			return store.MemberRecord{}, err
		}
		n, err := st.Int()
		if err != nil {
			return store.MemberRecord{}, t.failed(err)
		}
		all = n == 0
		t.ledger.setLinked(t.tenant, all)
	}
	if all {
		return store.MemberRecord{}, store.ErrNotFound
	}
	return t.snapshot.Unlinked(ctx, userName, externalID)
}

// Unlinked implements store.Reader.
func (v *snapshot) Unlinked(ctx context.Context, userName, externalID string) (store.MemberRecord, error) {
	m, err := v.lost(ctx, lostExternalSQL, externalID)
	if errors.Is(err, store.ErrNotFound) {
		return v.lost(ctx, lostNameSQL, filter.Fold(userName))
	}
	return m, err
}

func (v *snapshot) lost(ctx context.Context, sql, value string) (store.MemberRecord, error) {
	if value == "" {
		return store.MemberRecord{}, store.ErrNotFound
	}
	st, err := v.memberQuery(ctx, sql)
	if err != nil {
		return store.MemberRecord{}, err
	}
	defer st.Reset()
	st.BindText(2, value)
	return v.firstMember(st)
}
