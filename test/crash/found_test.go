package crash

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// found is the whole directory after a restart.
type found struct {
	cells    cells
	ids      map[string]string // of users and groups, by externalId
	versions map[string]string // of users, by externalId
	names    map[string]string // externalId, by userName
	users    map[string]user   // by externalId
}

// look reads the whole directory. The error tells what contradicts itself in it.
func look(ctx context.Context, c *client) (*found, error) {
	users, err := listAll[user](ctx, c, "/Users")
	if err != nil {
		return nil, err
	}
	groups, err := listAll[group](ctx, c, "/Groups")
	if err != nil {
		return nil, err
	}
	f := &found{cells: cells{}, ids: map[string]string{}, versions: map[string]string{}, names: map[string]string{}, users: map[string]user{}}
	externals := map[string]string{} // by id
	for _, u := range users {
		err = errors.Join(err, f.addUser(u))
		externals[u.ID] = u.ExternalID
	}
	members := map[string]bool{} // "group user" as the groups tell it
	for _, g := range groups {
		err = errors.Join(err, f.addGroup(g, externals, members))
	}
	return f, errors.Join(err, agree(users, members))
}

func (f *found) addUser(u user) (err error) {
	if _, twice := f.ids[u.ExternalID]; twice {
		err = fmt.Errorf("user %s is there twice", u.ExternalID)
	}
	name := strings.ToLower(u.UserName)
	if other, twice := f.names[name]; twice {
		err = errors.Join(err, fmt.Errorf("users %s and %s have the same userName", other, u.ExternalID))
	}
	f.ids[u.ExternalID], f.names[name], f.versions[u.ExternalID] = u.ID, u.ExternalID, u.Meta.Version
	f.cells[userCell(u.ExternalID)], f.users[u.ExternalID] = u.cell(), u
	return err
}

func (f *found) addGroup(g group, externals map[string]string, members map[string]bool) (err error) {
	f.ids[g.ExternalID] = g.ID
	f.cells[groupCell(g.ExternalID)] = g.DisplayName
	for _, m := range g.Members {
		external, ok := externals[m.Value]
		if !ok {
			err = errors.Join(err, fmt.Errorf("group %s has an orphan: no user %s", g.ExternalID, m.Value))
			continue
		}
		key := memberCell(g.ExternalID, external)
		if f.cells[key] != "" {
			err = errors.Join(err, fmt.Errorf("group %s has the member %s twice", g.ExternalID, external))
		}
		f.cells[key] = in
		members[g.ID+" "+m.Value] = true
	}
	return err
}

// agree compares the groups of the users with the members of the groups; it empties members.
func agree(users []user, members map[string]bool) (err error) {
	for _, u := range users {
		for _, g := range u.Groups {
			key := g.Value + " " + u.ID
			if !members[key] {
				err = errors.Join(err, fmt.Errorf("user %s names the group %s, which does not have it", u.ExternalID, g.Value))
			}
			delete(members, key)
		}
	}
	for key := range members {
		err = errors.Join(err, fmt.Errorf("membership %s is in the group only", key))
	}
	return err
}

// of is the part of the cells that belongs to a writer.
func (f *found) of(w *writer) cells {
	own := cells{}
	for key, value := range f.cells {
		if w.owns(key) {
			own[key] = value
		}
	}
	return own
}
