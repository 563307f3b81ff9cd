package app

import (
	"context"
	"maps"
	"net"
	"slices"

	"github.com/scim-operator/scim-operator/scimserver/admin"
)

// listenAdmin makes the socket for `scimserver admin`, where the server has a folder for it.
func (a *App) listenAdmin() (l net.Listener, err error) {
	if a.AdminDir == "" {
		return nil, nil
	}
	return admin.Listen(a.AdminDir)
}

// serveAdmin answers on the socket until ctx ends.
func (a *App) serveAdmin(ctx context.Context, l net.Listener) error {
	if l == nil {
		return nil
	}
	commits := &admin.Commits{}
	a.Store.OnCommit(commits.Signal)
	return admin.Serve(ctx, l, admin.New(admin.Deps{
		Store: a.Store, Tenants: a.live, Wake: commits.Wake, Subject: member.Subject, Clock: a.Clock,
	}))
}

// Keys implements admin.Tenants.
func (l *live) Keys() []string {
	s := l.current.Load()
	if s == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(s.entries))
}
