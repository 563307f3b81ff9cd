package manifests

import (
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// settle brings the records in line with the tenants that are there, and gives those their UIDs. It returns the keys of
// tenants that are gone for good; next is when another one will be, zero: never.
//
// A tenant that is missing is not served any more, but its data and its token wait for grace: files vanish for a moment
// when they are written anew, and a deletion cannot be undone.
func (s *state) settle(tenants map[string]*v1alpha1.SCIMTenant, now time.Time, grace time.Duration) (gone []string, next time.Time) {
	for key, t := range tenants {
		r := s.tenants[key]
		if r == nil {
			r = &record{UID: uuid.NewString()}
			s.tenants[key] = r
		}
		r.AbsentSince, r.DeletionPolicy = nil, t.Spec.DeletionPolicy
		t.UID = types.UID(r.UID)
	}
	for _, key := range slices.Sorted(maps.Keys(s.tenants)) {
		r := s.tenants[key]
		if tenants[key] != nil {
			continue
		}
		if r.AbsentSince == nil {
			r.AbsentSince = &now
		}
		if end := r.AbsentSince.Add(grace); now.Before(end) {
			next = earlier(next, end)
			continue
		}
		s.bury(key, r)
		gone = append(gone, key)
	}
	return gone, next
}

// bury ends the life of a tenant.
func (s *state) bury(key string, r *record) {
	delete(s.tenants, key)
	if r.DeletionPolicy == v1alpha1.DeletionPolicyDelete {
		s.purges = append(s.purges, config.Purge{Tenant: key, UID: r.UID})
	}
}

// purged forgets the purges that are done.
func (s *state) purged(uids []string) {
	s.purges = slices.DeleteFunc(s.purges, func(p config.Purge) bool { return slices.Contains(uids, p.UID) })
}

// earlier of two times; zero is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}
