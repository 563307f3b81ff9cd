package exampleapp

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// DefaultPolicy is that of devices for which nobody has said anything else.
const DefaultPolicy = "standard"

// Device belongs to a member and is under a policy.
type Device struct {
	Tenant string `json:"tenant"`
	Member string `json:"member,omitempty"` // empty: unassigned
	Policy string `json:"policy"`
}

// Asset is linked to a member, who cannot leave as long as it is.
type Asset struct {
	Tenant string `json:"tenant"`
	Member string `json:"member"`
}

// Delivery is one event that has arrived.
type Delivery struct {
	ID        string `json:"id"` // webhook-id
	Tenant    string `json:"tenant"`
	Member    string `json:"member"`
	Type      string `json:"type"`
	Sequence  int64  `json:"sequence"`
	Duplicate bool   `json:"duplicate,omitempty"` // the id had been seen
	Stale     bool   `json:"stale,omitempty"`     // a later state was known
	Refused   string `json:"refused,omitempty"`
}

// inventory is all that the application knows. Events are applied in any order and any number, and end in the same state.
type inventory struct {
	mu         sync.Mutex
	tenants    map[string]map[string]*record // by tenant and member
	assets     map[string]Asset
	devices    map[string]Device
	seen       map[string]bool // webhook-ids
	deliveries []Delivery
	cursors    map[string]int64 // of the feed, by tenant
}

// record is a member and the sequence of its state. Of a removed member the sequence is kept.
type record struct {
	Member
	sequence int64
	removed  bool
}

func newInventory() *inventory {
	return &inventory{
		tenants: map[string]map[string]*record{}, assets: map[string]Asset{}, devices: map[string]Device{}, seen: map[string]bool{},
		cursors: map[string]int64{},
	}
}

// refusal is why an off-boarding cannot be.
type refusal string

func (r refusal) Error() string { return string(r) }

// check returns a refusal for an off-boarding of a member with an asset.
func (v *inventory) check(e Event) error {
	if !e.offboards() {
		return nil
	}
	var linked []string
	for name, a := range v.assets {
		if a.Tenant == e.Tenant && a.Member == e.Member.ID {
			linked = append(linked, name)
		}
	}
	if len(linked) == 0 {
		return nil
	}
	slices.Sort(linked)
	return refusal(fmt.Sprintf("the member still has %s: take it back first", strings.Join(linked, ", ")))
}

// apply takes an event in. One that was seen, or is older than what is known, changes nothing.
func (v *inventory) apply(id string, e Event) Delivery {
	d := Delivery{ID: id, Tenant: e.Tenant, Member: e.Member.ID, Type: e.Type, Sequence: e.Sequence, Duplicate: v.seen[id]}
	known := v.tenants[e.Tenant][e.Member.ID]
	d.Stale = known != nil && e.Sequence < known.sequence
	if !d.Duplicate && !d.Stale {
		v.put(e.Tenant, &record{Member: e.Member, sequence: e.Sequence, removed: e.Type == "member.removed"})
		v.act(e)
	}
	v.seen[id] = true
	v.deliveries = append(v.deliveries, d)
	return d
}

func (v *inventory) put(tenant string, r *record) {
	if v.tenants[tenant] == nil {
		v.tenants[tenant] = map[string]*record{}
	}
	v.tenants[tenant][r.ID] = r
}

// act carries out an action.
func (v *inventory) act(e Event) {
	if e.Action == nil {
		return
	}
	for name, d := range v.devices {
		if d.Tenant != e.Tenant || d.Member != e.Member.ID {
			continue
		}
		switch e.Action.Name {
		case UnassignDevices:
			d.Member = ""
			v.devices[name] = d
		case ChangePolicy:
			d.Policy = e.Action.Parameters["policy"]
			v.devices[name] = d
		case RemoveUserAndDevices:
			delete(v.devices, name)
		}
	}
	if e.Action.Name == RemoveUserAndDevices {
		v.tenants[e.Tenant][e.Member.ID].removed = true
	}
}

// members are those of a tenant, in the order of their names.
func (v *inventory) members(tenant string) []Member {
	list := []Member{}
	for _, r := range v.tenants[tenant] {
		if !r.removed {
			list = append(list, r.Member)
		}
	}
	slices.SortFunc(list, func(a, b Member) int { return strings.Compare(a.UserName+a.ID, b.UserName+b.ID) })
	return list
}

// find returns a member that is there.
func (v *inventory) find(tenant, member string) bool {
	r := v.tenants[tenant][member]
	return r != nil && !r.removed
}

// keepOnly removes the members of a tenant that a whole list does not have.
func (v *inventory) keepOnly(tenant string, listed map[string]bool, sequence int64) {
	for id, r := range v.tenants[tenant] {
		if !listed[id] && r.sequence <= sequence {
			r.removed, r.sequence = true, sequence
		}
	}
}
