package queue

import (
	"strconv"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Types are the types of events by the numbers that stand for them; 0 stands for none.
var Types = [...]string{
	1: store.MemberCreated, 2: store.MemberUpdated, 3: store.MemberReactivated,
	4: store.MemberDeactivated, 5: store.MemberRemoved, 6: store.MemberAction,
}

// The states of an event.
const (
	Done = iota
	Pending
	Parked
)

// StateOf is the state of a dumped event.
func StateOf(x *store.EventRow) int {
	switch {
	case x.Delivered:
		return Done
	case x.Parked:
		return Parked
	}
	return Pending
}

// ID names an event of a tenant whose events begin with the epoch.
func ID(epoch string, sequence int64) string {
	return "evt_" + epoch + "_" + strconv.FormatInt(sequence, 10)
}
