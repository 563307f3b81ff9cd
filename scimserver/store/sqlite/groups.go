package sqlite

import (
	"cmp"
	"context"
	"slices"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

// GroupsOf implements store.Reader. The resources of a page were created one after the other mostly,
// so that their memberships are one range of the index.
func (v *snapshot) GroupsOf(ctx context.Context, ids []string) (map[string][]store.GroupRef, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if page := v.page(ids); page != nil {
		return v.groupsOfPage(ctx, page)
	}
	return v.groupsOfEach(ctx, ids)
}

// page returns what Find has returned last, by seq, if it is what the ids are and few other resources
// lie between.
func (v *snapshot) page(ids []string) []found {
	if len(ids) < 2 || len(ids) != len(v.found) {
		return nil
	}
	for i, f := range v.found {
		if f.id != ids[i] {
			return nil
		}
	}
	page := slices.Clone(v.found)
	slices.SortFunc(page, func(a, b found) int { return cmp.Compare(a.seq, b.seq) })
	if page[len(page)-1].seq-page[0].seq > 2*int64(len(page)) {
		return nil
	}
	return page
}

const groupsOfRangeSQL = "SELECT member, grp FROM membership WHERE member BETWEEN ?1 AND ?2 ORDER BY member, grp"

// groupsOfPage reads the memberships of a page, which come in the order of the page.
func (v *snapshot) groupsOfPage(ctx context.Context, page []found) (map[string][]store.GroupRef, error) {
	st, err := v.prepare(groupsOfRangeSQL)
	if err != nil {
		return nil, err
	}
	defer st.Reset()
	st.BindInt64(1, page[0].seq)
	st.BindInt64(2, page[len(page)-1].seq)
	groups := make(map[string][]store.GroupRef, len(page))
	known := make(map[int64]store.GroupRef)
	err = v.each(ctx, st, func() error {
		for page[0].seq < st.Int64(0) {
			page = page[1:]
		}
		if page[0].seq > st.Int64(0) {
			return nil
		}
		ref, err := v.groupRef(known, st.Int64(1))
		groups[page[0].id] = append(groups[page[0].id], ref)
		return err
	})
	return groups, err
}

const groupRefSQL = "SELECT id, display FROM resource WHERE seq = ?1"

// groupRef reads a group, unless it is among those known.
func (v *snapshot) groupRef(known map[int64]store.GroupRef, seq int64) (store.GroupRef, error) {
	if ref, ok := known[seq]; ok {
		return ref, nil
	}
	st, err := v.prepare(groupRefSQL)
	if err != nil {
		return store.GroupRef{}, err
	}
	defer st.Reset()
	st.BindInt64(1, seq)
	if _, err := st.Step(); err != nil {
		return store.GroupRef{}, v.failed(err)
	}
	ref := store.GroupRef{ID: firstID(st), DisplayName: st.Text(1)}
	known[seq] = ref
	return ref, nil
}

const groupsOfSQL = `SELECT g.id, g.display FROM resource r JOIN membership m ON m.member = r.seq JOIN resource g ON g.seq = m.grp
	WHERE r.tenant = ?1 AND r.id = ?2 ORDER BY m.grp`

func (v *snapshot) groupsOfEach(ctx context.Context, ids []string) (map[string][]store.GroupRef, error) {
	st, err := v.prepare(groupsOfSQL)
	if err != nil {
		return nil, err
	}
	groups := make(map[string][]store.GroupRef)
	for _, id := range ids {
		if groups[id] != nil {
			continue
		}
		refs, err := v.groupsOf(ctx, st, id)
		if err != nil {
			return nil, err
		}
		if refs != nil {
			groups[id] = refs
		}
	}
	return groups, nil
}

func (v *snapshot) groupsOf(ctx context.Context, st *conn.Stmt, id string) (refs []store.GroupRef, err error) {
	defer st.Reset()
	st.BindInt64(1, v.tenant)
	bindID(st, 2, id)
	err = v.each(ctx, st, func() error {
		refs = append(refs, store.GroupRef{ID: firstID(st), DisplayName: st.Text(1)})
		return nil
	})
	return refs, err
}
