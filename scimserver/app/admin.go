package app

import (
	"context"
	"maps"
	"slices"

	"github.com/scim-operator/scim-operator/scimserver/admin"
	"github.com/scim-operator/scim-operator/scimserver/member"
)

// listenAdmin makes the socket. Identity providers are served without it as well.
func (a *App) listenAdmin() {
	if a.AdminDir == "" {
		return
	}
	l, err := admin.Listen(a.AdminDir)
	if err != nil {
		a.Log.Warn("`scimserver admin` cannot be used", "error", err)
		return
	}
	a.admin = l
}

// serveAdmin answers on the socket, if there is one, until ctx ends.
func (a *App) serveAdmin(ctx context.Context) error {
	if a.admin == nil {
		return nil
	}
	return admin.Serve(ctx, a.admin, admin.New(admin.Deps{
		Store: replaying{Store: a.Store, outbox: a.outbox}, Tenants: a.live, Directory: a.directory, Wake: a.commits.Wake, Subject: member.Subject, Clock: a.Clock,
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

// View implements admin.Tenants.
func (l *live) View(key string) (admin.View, bool) {
	s := l.current.Load()
	e := s.entry(key)
	if e == nil || s.held[key] {
		return admin.View{}, false
	}
	return admin.View{Directory: e.http.Directory, Members: e.members}, true
}
