package bulk

import (
	"strings"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
)

// marker begins a reference to a resource that another operation creates.
const marker = "bulkId:"

// referenceField is the one whose strings may be references: the id of a member or manager, the value of a PATCH.
const referenceField = "value"

// references lists the bulkIds that an operation names, in its path and its data.
func (op *Operation) references() (ids []string) {
	if _, id, ok := strings.Cut(op.Path, marker); ok {
		ids = append(ids, id)
	}
	if op.Data != nil {
		rewrite(op.Data, func(id string) (string, bool) {
			ids = append(ids, id)
			return "", true
		})
	}
	return ids
}

// resolve returns the operation with ids in the place of references. What find does not know is left out, with the array
// element or field it is the value of.
func (op Operation) resolve(find func(bulkID string) (id string, ok bool)) (resolved Operation, complete bool) {
	complete = true
	if before, bulkID, ok := strings.Cut(op.Path, marker); ok {
		id, _ := find(bulkID)
		op.Path = before + id
	}
	if op.Data != nil {
		op.Data = rewrite(op.Data, func(bulkID string) (string, bool) {
			id, ok := find(bulkID)
			complete = complete && ok
			return id, ok
		})
	}
	return op, complete
}

// rewrite copies an object with its references replaced; it is nil if the object was nothing without the one left out.
func rewrite(o *resource.Object, find func(string) (string, bool)) *resource.Object {
	out := resource.NewObject(o.Len())
	for name, v := range o.All() {
		if next, ok := rewriteValue(v, strings.EqualFold(name, referenceField), find); ok {
			out.Set(name, next)
		} else if strings.EqualFold(name, referenceField) {
			return nil
		}
	}
	return out
}

func rewriteValue(v resource.Value, reference bool, find func(string) (string, bool)) (resource.Value, bool) {
	switch v.Kind() {
	case resource.KindString:
		bulkID, ok := strings.CutPrefix(v.Text(), marker)
		if !ok || !reference {
			return v, true
		}
		id, ok := find(bulkID)
		return resource.String(id), ok
	case resource.KindArray:
		return rewriteArray(v, reference, find), true
	case resource.KindObject:
		o := rewrite(v.Object(), find)
		return resource.Obj(o), o != nil
	}
	return v, true
}

func rewriteArray(v resource.Value, reference bool, find func(string) (string, bool)) resource.Value {
	elems := make([]resource.Value, 0, len(v.Elems()))
	for _, e := range v.Elems() {
		if next, ok := rewriteValue(e, reference, find); ok {
			elems = append(elems, next)
		}
	}
	return resource.Array(elems...)
}
