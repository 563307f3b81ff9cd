package app

import (
	"context"
	"encoding/json"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// verify looks for everything that was acknowledged, in the database of the server that has the tenant now.
func (p *provider) verify(s store.Store) {
	p.t.Helper()
	ctx := context.Background()
	byName, ids := map[string][]string{}, map[string]bool{}
	members, active := map[string]int{}, int64(0)
	err := s.View(ctx, "ns/a", func(r store.Reader) error {
		for position := ""; ; {
			users, last, err := r.UsersAfter(ctx, position, 500)
			if err != nil {
				return err
			}
			for _, u := range users {
				var doc struct{ UserName string }
				if err := json.Unmarshal(u.Doc, &doc); err != nil {
					return err
				}
				byName[doc.UserName], ids[u.ID] = append(byName[doc.UserName], u.ID), true
				if _, err := r.MemberOf(ctx, u.ID); err != nil {
					p.t.Errorf("user %s has no member: %v", u.ID, err)
				}
			}
			if position = last; len(users) < 500 {
				break
			}
		}
		page, err := r.MemberPage(ctx, "", 1_000_000)
		for _, m := range page {
			if m.Active {
				active++
			}
		}
		if err != nil {
			return err
		}
		return r.Members(ctx, p.group, func(m store.Member) error {
			members[m.ID]++
			return nil
		})
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	lost := 0
	for name, id := range p.users {
		_, touched := p.deleted[id]
		switch found := byName[name]; {
		case len(found) > 1:
			p.t.Errorf("user %s is there %d times", name, len(found))
		case touched && p.deleted[id] && len(found) == 1:
			p.t.Errorf("user %s was deleted and is there", name)
		case !touched && len(found) == 0:
			lost++
		case !touched && id != "" && found[0] != id:
			p.t.Errorf("user %s has another id", name)
		}
	}
	if lost > 0 {
		p.t.Errorf("%d of %d acknowledged users are lost", lost, len(p.users))
	}
	for id := range p.members {
		if members[id] != 1 && ids[id] {
			p.t.Errorf("member %s is in the group %d times", id, members[id])
		}
	}
	if int64(len(ids)) != active {
		p.t.Errorf("%d users and %d active members", len(ids), active)
	}
	p.events(s)
}

// events checks that no event is lost or told twice.
func (p *provider) events(s store.Store) {
	var next int64
	created := map[string]int{}
	for {
		list, err := s.Events(context.Background(), "ns/a", next, 1000)
		if err != nil {
			p.t.Fatal(err)
		}
		for _, e := range list {
			if next++; e.Sequence != next {
				p.t.Fatalf("event %d follows %d", e.Sequence, next-1)
			}
			if e.Type == store.MemberCreated {
				if created[e.MemberID]++; created[e.MemberID] > 1 {
					p.t.Errorf("member %s was created twice", e.MemberID)
				}
			}
		}
		if len(list) < 1000 {
			return
		}
	}
}
