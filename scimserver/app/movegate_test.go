package app

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// TestGivenAway: from the transaction on that gives a tenant away, no request is answered from what the server still has of it,
// though nothing has told the server yet.
func TestGivenAway(t *testing.T) {
	t.Parallel()
	peer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	t.Cleanup(peer.Close)
	a := newMover(t, "east", nil)
	a.configure(provisioned(), &config.Move{ID: "m1", Role: config.MoveSource, Peer: peer.URL, PeerOwner: "scim-system/west/uid-west", Key: moveKey})
	i := &instance{t: t, app: a.app}
	i.expect(http.StatusCreated, http.MethodPost, "/Users", "secret", user("early"))
	own, err := a.store.Owner(t.Context(), "ns/a")
	if err != nil || own != (store.Ownership{Owner: a.owner()}) {
		t.Fatal(own, err)
	}
	if ok, err := a.store.PassOwner(t.Context(), "ns/a", own, store.Ownership{Owner: own.Owner, Mark: store.Moved("m1")}); !ok || err != nil {
		t.Fatal(ok, err)
	}
	for range 3 {
		i.expect(http.StatusTeapot, http.MethodGet, "/Users", "secret", "")
		i.expect(http.StatusTeapot, http.MethodPost, "/Users", "secret", user("late"))
	}
}
