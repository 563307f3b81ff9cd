package rollout

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/scim-operator/scim-operator/scimserver/config"
)

// Rollout is what the pods of a server have loaded.
type Rollout struct {
	pods []pod
}

type pod struct {
	name    string
	ordinal int // in a StatefulSet; -1: it is of a Deployment
	report  config.Report
	err     error // the report cannot be read
}

// deployed is what a Deployment's pods have after its name: the hash of their template, and five random characters. Of a
// long name Kubernetes cuts the end, and the '-' with it.
var deployed = regexp.MustCompile(`^([a-z0-9]+-[a-z0-9]{5}|[a-z0-9]{10,15})$`)

// Read decodes what the server's pods report in one status ConfigMap.
func Read(cm *corev1.ConfigMap, server string) *Rollout {
	r := &Rollout{}
	for _, p := range config.ReadReports(cm.Data) {
		suffix, ok := strings.CutPrefix(p.Pod, server+"-")
		n, err := strconv.Atoi(suffix)
		switch {
		case ok && err == nil && n >= 0:
		case ok && deployed.MatchString(suffix):
			n = -1
		default:
			continue
		}
		r.pods = append(r.pods, pod{name: p.Pod, ordinal: n, report: p.Report, err: p.Err})
	}
	return r
}

// With is what the pods say of themselves here, and of the tenants of a further shard there.
func (r *Rollout) With(shard *Rollout) *Rollout {
	out := &Rollout{pods: slices.Clone(r.pods)}
	for i := range out.pods {
		p := &out.pods[i]
		p.report.Tenants = nil
		for _, more := range shard.pods {
			if more.name == p.name {
				p.report.Tenants = more.report.Tenants
				p.err = cmp.Or(p.err, more.err)
			}
		}
	}
	return out
}

// First are the reports of the first n pods of a StatefulSet, and those of all pods of a Deployment. What pods beyond them
// have reported is of an earlier time.
func (r *Rollout) First(n int32) *Rollout {
	return &Rollout{pods: slices.DeleteFunc(slices.Clone(r.pods), func(p pod) bool { return p.ordinal >= int(n) })}
}

// Loaded tells whether every pod that reports has the configuration with the given config.Server hash, and that one does.
func (r *Rollout) Loaded(hash string) bool {
	return r.all(func(p pod) bool { return p.report.ConfigHash == hash && p.report.Error == "" })
}

// Serves tells whether every pod that reports has the tenant's entry with the given config.Tenant hash, and that one does.
func (r *Rollout) Serves(tenant, hash string) bool {
	return r.all(func(p pod) bool { return p.report.Tenants[tenant].Hash == hash })
}

func (r *Rollout) all(ok func(pod) bool) bool {
	for _, p := range r.pods {
		if p.err != nil || !ok(p) {
			return false
		}
	}
	return len(r.pods) > 0
}

// Rejected tells why a pod refuses the configuration, "" if none does.
func (r *Rollout) Rejected() string {
	for _, p := range r.pods {
		switch {
		case p.err != nil:
			return fmt.Sprintf("pod %s: %v", p.name, p.err)
		case p.report.Error != "":
			return fmt.Sprintf("pod %s: %s", p.name, p.report.Error)
		}
	}
	return ""
}

// StoreFault is why the database does not work for any pod that reports: what the first of them says, and its name.
func (r *Rollout) StoreFault() (name string, fault config.StoreReport, ok bool) {
	if !r.all(func(p pod) bool { return p.report.Store != nil }) {
		return "", config.StoreReport{}, false
	}
	return r.pods[0].name, *r.pods[0].report.Store, true
}

// RejectedTenant tells why a pod refuses the tenant's entry, "" if none does.
func (r *Rollout) RejectedTenant(tenant string) string {
	for _, p := range r.pods {
		if t := p.report.Tenants[tenant]; t.Error != "" {
			return fmt.Sprintf("pod %s: %s", p.name, t.Error)
		}
	}
	return r.Rejected()
}

// Tenant is the tenant as the pod sees it that was asked last.
func (r *Rollout) Tenant(key string) (config.TenantReport, bool) {
	var latest config.TenantReport
	found := false
	for _, p := range r.pods {
		t, ok := p.report.Tenants[key]
		if ok && (!found || later(t, latest)) {
			latest, found = t, true
		}
	}
	return latest, found
}

// Moves are what the pods report of a move, by its id.
func (r *Rollout) Moves(id string) (out []config.MoveReport) {
	for _, p := range r.pods {
		for _, t := range p.report.Tenants {
			if t.Move != nil && t.Move.ID == id {
				out = append(out, *t.Move)
			}
		}
	}
	return out
}

// Knows tells whether every pod that reports knows the tenant's move, and that one does.
func (r *Rollout) Knows(tenant, move string) bool {
	return r.all(func(p pod) bool {
		m := p.report.Tenants[tenant].Move
		return m != nil && m.ID == move
	})
}

// Rejections are the kinds of rejection that the pods have seen of a tenant, those of the same kind added up.
func (r *Rollout) Rejections(key string) []config.Rejection {
	var out []config.Rejection
	for _, p := range r.pods {
		for _, one := range p.report.Tenants[key].Rejections {
			i := slices.IndexFunc(out, func(o config.Rejection) bool { return o.Reason == one.Reason })
			if i < 0 {
				out = append(out, one)
				continue
			}
			count := out[i].Count + one.Count
			if one.Time.After(out[i].Time) {
				out[i] = one
			}
			out[i].Count = count
		}
	}
	return out
}

func later(a, b config.TenantReport) bool {
	return a.LastRequest != nil && (b.LastRequest == nil || a.LastRequest.After(*b.LastRequest))
}

// Purged are the UIDs of the purges that all pods report as done.
func (r *Rollout) Purged() []string {
	if len(r.pods) == 0 {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(r.pods[0].report.Purged), func(uid string) bool {
		return !r.all(func(p pod) bool { return slices.Contains(p.report.Purged, uid) })
	})
}

// Changed are the tenants whose reports differ between two versions of a status ConfigMap.
func Changed(before, after *Rollout) []string {
	keys := map[string]bool{}
	for _, pair := range pairs(before, after) {
		a, b := pair[0], pair[1]
		whole := a.name != b.name || a.report.Error != b.report.Error || (a.err == nil) != (b.err == nil)
		for _, p := range pair {
			for key := range p.report.Tenants {
				if whole || !reflect.DeepEqual(a.report.Tenants[key], b.report.Tenants[key]) {
					keys[key] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(keys))
}

// pairs joins the pods of both by name; what one of them lacks is empty.
func pairs(before, after *Rollout) map[string][2]pod {
	out := map[string][2]pod{}
	for _, p := range before.pods {
		out[p.name] = [2]pod{p, {}}
	}
	for _, p := range after.pods {
		out[p.name] = [2]pod{out[p.name][0], p}
	}
	return out
}
