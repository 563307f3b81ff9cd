package tenant

import (
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/controllers/kubeutil"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// Limits of the Events about rejections.
const (
	sameKind   = time.Hour // between two Events of a kind
	perTenant  = 10        // Events of a tenant within sameKind
	maxTenants = 20_000    // that are remembered
)

// rejections remembers which kinds Events have told of. The zero value is ready.
type rejections struct {
	mu      sync.Mutex
	began   time.Time
	tenants map[types.UID]map[string]time.Time // of the last Event, by kind
}

// due are those rejections of a tenant of which an Event is to tell. What happened before the first call was told by an
// earlier operator, or is too old to matter.
func (r *rejections) due(tenant types.UID, list []config.Rejection, now time.Time) []config.Rejection {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tenants == nil || len(r.tenants) > maxTenants {
		r.tenants = map[types.UID]map[string]time.Time{}
		r.began = now.Truncate(time.Minute) // as reports have their times
	}
	told := r.tenants[tenant]
	for kind, at := range told {
		if now.Sub(at) >= sameKind {
			delete(told, kind)
		}
	}
	var out []config.Rejection
	for _, one := range list {
		if _, known := told[one.Reason]; known || one.Time.Before(r.began) || now.Sub(one.Time) >= sameKind || len(told) >= perTenant {
			continue
		}
		if told == nil {
			told = map[string]time.Time{}
			r.tenants[tenant] = told
		}
		told[one.Reason] = now
		out = append(out, one)
	}
	return out
}

// tell writes an Event for each new kind of rejection. They hold no personal data: the server reports none.
func (r *Reconciler) tell(p *pass) {
	list := p.rollout.Rejections(compile.Key(p.tenant))
	for _, one := range r.told.due(p.tenant.UID, list, p.now) {
		note := one.Detail
		if note == "" {
			note = "A request of the identity provider was refused"
		}
		r.Events.Eventf(p.tenant, nil, corev1.EventTypeWarning, eventReason(one.Reason), "RefuseRequest", "%s (%d times; see kubectl scim log %s -n %s)",
			kubeutil.Truncate(note), one.Count, p.tenant.Name, p.tenant.Namespace)
	}
}

// eventReason is a word in upper camel case, as the reasons of Events are.
func eventReason(reason string) string {
	var out []byte
	upper := true
	for i := range len(reason) {
		c := reason[i]
		switch {
		case c >= 'a' && c <= 'z' && upper:
			out, upper = append(out, c-'a'+'A'), false
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
			out, upper = append(out, c), false
		default:
			upper = true
		}
	}
	if len(out) == 0 {
		return "RequestRefused"
	}
	return string(out[:min(len(out), 100)])
}
