package directory

import (
	"context"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// memberships is the graph of groups above some resources: from a member to the groups that hold it.
type memberships map[string][]store.GroupRef

// membershipsOf reads the groups above the ids, level by level. A group is asked for once, so that cycles end.
func membershipsOf(ctx context.Context, r store.Reader, ids []string) (memberships, error) {
	var graph memberships // most users have no groups
	asked := map[string]bool{}
	for len(ids) > 0 {
		level, err := r.GroupsOf(ctx, ids)
		if err != nil || len(level) == 0 {
			return graph, err
		}
		if graph == nil {
			graph = memberships{}
		}
		ids = ids[:0:0]
		for member, groups := range level {
			graph[member] = groups
			for _, g := range groups {
				if !asked[g.ID] {
					asked[g.ID] = true
					ids = append(ids, g.ID)
				}
			}
		}
	}
	return graph, nil
}

// appendGroups appends the value of a user's groups (RFC 7643 §4.1.2): direct ones, then indirect ones. It appends
// nothing if there are none.
func (m memberships) appendGroups(dst []byte, t *Tenant, id string) []byte {
	direct := m[id]
	if len(direct) == 0 {
		return dst
	}
	seen := make(map[string]bool, len(direct))
	queue := make([]store.GroupRef, 0, len(direct))
	queue = m.enqueue(queue, seen, direct)
	dst = append(dst, '[')
	for i := 0; i < len(queue); i++ {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendGroup(dst, t, queue[i], i < len(direct))
		queue = m.enqueue(queue, seen, m[queue[i].ID])
	}
	return append(dst, ']')
}

func (memberships) enqueue(queue []store.GroupRef, seen map[string]bool, groups []store.GroupRef) []store.GroupRef {
	for _, g := range groups {
		if !seen[g.ID] {
			seen[g.ID] = true
			queue = append(queue, g)
		}
	}
	return queue
}

func appendGroup(dst []byte, t *Tenant, g store.GroupRef, direct bool) []byte {
	kind := "indirect"
	if direct {
		kind = "direct"
	}
	dst = append(dst, '{')
	dst = appendField(dst, "value", g.ID)
	dst = appendField(dst, "$ref", t.refTo(store.TypeGroup, g.ID))
	dst = appendField(dst, "display", g.DisplayName)
	dst = appendField(dst, "type", kind)
	return append(dst, '}')
}
