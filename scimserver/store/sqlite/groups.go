package sqlite

import (
	"cmp"
	"context"
	"slices"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

// GroupsOf implements store.Reader. What the statements before have found out spares most Views a further one. The
// resources of a page were created one after the other mostly, so that their memberships are one range of the index.
func (v *snapshot) GroupsOf(ctx context.Context, ids []string) (map[string][]store.GroupRef, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if v.noneHasGroups(ids) {
		return nil, nil
	}
	if page := v.page(ids); page != nil {
		return v.groupsOfPage(ctx, page)
	}
	return v.groupsOfEach(ctx, ids)
}

func (v *snapshot) noneHasGroups(ids []string) bool {
	for i, id := range ids {
		if !v.hasNoGroups(i, id) {
			return false
		}
	}
	return true
}

// hasNoGroups tells whether it is known that no group holds a resource; i is its place on the page if it is on one.
func (v *snapshot) hasNoGroups(i int, id string) bool {
	f := v.foundAt(i, id)
	return f != nil && f.alone || v.tops[id]
}

// foundAt returns what was found last at a place, nil if that is another resource.
func (v *snapshot) foundAt(i int, id string) *found {
	if i < len(v.found) && v.found[i].id == id {
		return &v.found[i]
	}
	return nil
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

// groupColumns are the columns that scanGroup reads.
const groupColumns = "g.id, g.display, EXISTS (SELECT 1 FROM membership p WHERE p.member = g.seq)"

const groupRefSQL = "SELECT " + groupColumns + " FROM resource g WHERE g.seq = ?1"

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
	known[seq] = v.scanGroup(st)
	return known[seq], nil
}

// scanGroup reads a group and notes if no other one holds it.
func (v *snapshot) scanGroup(st *conn.Stmt) store.GroupRef {
	ref := store.GroupRef{ID: firstID(st), DisplayName: st.Text(1)}
	if st.Int64(2) == 0 {
		if v.tops == nil {
			v.tops = make(map[string]bool)
		}
		v.tops[ref.ID] = true
	}
	return ref
}

const groupsOfSQL = "SELECT " + groupColumns + ` FROM membership m JOIN resource g ON g.seq = m.grp
	WHERE m.member = ?1 ORDER BY m.grp`

func (v *snapshot) groupsOfEach(ctx context.Context, ids []string) (map[string][]store.GroupRef, error) {
	groups := make(map[string][]store.GroupRef)
	for i, id := range ids {
		if groups[id] != nil || v.hasNoGroups(i, id) {
			continue
		}
		refs, err := v.groupsOf(ctx, i, id)
		if err != nil {
			return nil, err
		}
		if refs != nil {
			groups[id] = refs
		}
	}
	return groups, nil
}

func (v *snapshot) groupsOf(ctx context.Context, i int, id string) (refs []store.GroupRef, err error) {
	seq, err := v.seqAt(i, id)
	if err != nil || seq == 0 {
		return nil, err
	}
	st, err := v.prepare(groupsOfSQL)
	if err != nil {
		return nil, err
	}
	defer st.Reset()
	st.BindInt64(1, seq)
	err = v.each(ctx, st, func() error {
		refs = append(refs, v.scanGroup(st))
		return nil
	})
	return refs, err
}

// seqAt is seqOf for what was found last, mostly.
func (v *snapshot) seqAt(i int, id string) (int64, error) {
	if f := v.foundAt(i, id); f != nil {
		return f.seq, nil
	}
	return v.seqOf(id)
}
