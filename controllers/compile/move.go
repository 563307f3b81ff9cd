package compile

import (
	"fmt"
	"strings"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// Way is a tenant's way from the server that has its data to another one, as its annotations keep it.
type Way struct {
	ID string
	To string // namespace/name of the target
	// Fetch tells that the target may fetch: the source is prepared, and the move was not called off.
	Fetch bool
}

// WayOf reads the move of a tenant.
func WayOf(t *v1alpha1.SCIMTenant) (Way, bool) {
	id, to, ok := strings.Cut(t.Annotations[v1alpha1.AnnotationMove], " ")
	return Way{ID: id, To: to, Fetch: t.Annotations[v1alpha1.AnnotationMoveFetch] == id}, ok
}

// Forward is where a tenant's requests are still passed on, after a move.
type Forward struct {
	From  string // namespace/name of the server that the tenant has left
	ID    string // of the move
	Since string // RFC 3339
}

// ForwardOf reads it from the tenant's annotation.
func ForwardOf(t *v1alpha1.SCIMTenant) (Forward, bool) {
	fields := strings.Fields(t.Annotations[v1alpha1.AnnotationForwardedFrom])
	if len(fields) != 3 {
		return Forward{}, false
	}
	return Forward{From: fields[0], ID: fields[1], Since: fields[2]}, true
}

// Part is a server's part in a tenant's way: the id of the move, a role of config.Move, empty: it just serves. absent tells
// that the tenant is not there at all.
func Part(t *v1alpha1.SCIMTenant, server string) (id, role, peer string, absent bool) {
	bound := t.Annotations[v1alpha1.AnnotationBoundServer]
	way, moving := WayOf(t)
	forward, forwarded := ForwardOf(t)
	switch {
	case server == bound && moving:
		return way.ID, config.MoveSource, way.To, false
	case server == bound && forwarded:
		return forward.ID, config.MoveTarget, forward.From, false // which has its data by now, and is known to the other one
	case server == bound, bound == "" && server == ServerKey(t):
		return "", "", "", false
	case moving && way.Fetch && server == way.To:
		return way.ID, config.MoveTarget, bound, false
	case forwarded && server == forward.From:
		return forward.ID, config.MoveForward, bound, false
	}
	return "", "", "", true
}

// Owner names a server in the databases: with all its replicas, apart from any other of its name. cluster is the UID of the
// cluster, empty where it is not known.
func Owner(s *v1alpha1.SCIMServer, cluster string) string {
	owner := fmt.Sprintf("%s/%s/%s", s.Namespace, s.Name, s.UID)
	if cluster != "" {
		owner += "/" + cluster
	}
	return owner
}

// OwnerParts is the reverse of Owner.
func OwnerParts(owner string) (namespace, name, uid, cluster string, ok bool) {
	parts := strings.Split(owner, "/")
	if len(parts) < 3 || len(parts) > 4 {
		return "", "", "", "", false
	}
	if len(parts) == 4 {
		cluster = parts[3]
	}
	return parts[0], parts[1], parts[2], cluster, true
}

// PeerURL is where the pods of other servers reach a server.
func PeerURL(s *v1alpha1.SCIMServer) string {
	scheme := "http"
	if s.Spec.Endpoint.TLS != nil {
		scheme = "https"
	}
	return fmt.Sprintf("%s://%s.%s.svc:%d", scheme, s.Name, s.Namespace, ServicePort)
}
