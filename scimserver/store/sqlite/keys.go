package sqlite

import (
	"encoding/binary"
	"errors"
	"slices"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

// lookupKey is a row of the table lookup without its tenant and its resource or member.
type lookupKey struct {
	attr  int64 // symbol of type and path
	value string
}

// attrName is the symbol's name for an indexed attribute.
func attrName(typ, path string) string { return typ + " " + path }

// encodeKeys encodes the keys for the column keys.
func encodeKeys(keys []lookupKey) []byte {
	var dst []byte
	for _, k := range keys {
		dst = binary.AppendUvarint(dst, uint64(k.attr))
		dst = binary.AppendUvarint(dst, uint64(len(k.value)))
		dst = append(dst, k.value...)
	}
	return dst
}

var errDamagedKeys = errors.New("column keys of a resource is damaged")

// parseKeys decodes the column keys.
func parseKeys(b []byte) ([]lookupKey, error) {
	var keys []lookupKey
	for len(b) > 0 {
		attr, n := binary.Uvarint(b)
		if n <= 0 {
			return nil, errDamagedKeys
		}
		size, m := binary.Uvarint(b[n:])
		b = b[n+max(m, 0):]
		if m <= 0 || size > uint64(len(b)) {
			return nil, errDamagedKeys
		}
		keys = append(keys, lookupKey{attr: int64(attr), value: string(b[:size])})
		b = b[size:]
	}
	return keys, nil
}

// lookupKeys gives the values of a record their symbols, each value once.
func (t *tx) lookupKeys(r *store.Record) ([]lookupKey, error) {
	if len(r.Keys.Values) == 0 {
		return nil, nil
	}
	keys := make([]lookupKey, 0, len(r.Keys.Values))
	for _, v := range r.Keys.Values {
		attr, err := t.symbol(attrName(r.Type, v.Path))
		if err != nil {
			return nil, err
		}
		if k := (lookupKey{attr: attr, value: v.Value}); !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	return keys, nil
}

const takenSQL = "SELECT 1 FROM lookup WHERE tenant = ?1 AND attr = ?2 AND value = ?3 AND resource <> ?4"

// checkUnique looks for another resource than seq with one of the unique values. This is safe as
// there is no other writer.
func (t *tx) checkUnique(r *store.Record, seq int64) error {
	for _, v := range r.Keys.Values {
		if !v.Unique {
			continue
		}
		st, err := t.prepare(takenSQL)
		if err != nil {
			return err
		}
		st.BindInt64(1, t.tenant)
		st.BindInt64(2, t.findSymbol(attrName(r.Type, v.Path)))
		st.BindText(3, v.Value)
		st.BindInt64(4, seq)
		switch taken, err := st.Int(); {
		case err != nil:
			return t.failed(err)
		case taken == 1:
			return &store.UniquenessError{Attribute: v.Path}
		}
	}
	return nil
}

const (
	addLookupSQL    = "INSERT INTO lookup (tenant, attr, value, resource) VALUES (?1, ?2, ?3, ?4)"
	removeLookupSQL = "DELETE FROM lookup WHERE tenant = ?1 AND attr = ?2 AND value = ?3 AND resource = ?4"
)

// changeLookups replaces the keys of a resource.
func (t *tx) changeLookups(seq int64, old, keys []lookupKey) error {
	return t.changeKeys(old, keys, func(st *conn.Stmt) { st.BindInt64(4, seq) })
}

// changeKeys removes the old keys that are not among the new ones, and adds those that were not among the old; bind binds
// who has them.
func (t *tx) changeKeys(old, keys []lookupKey, bind func(*conn.Stmt)) error {
	for _, k := range old {
		if slices.Contains(keys, k) {
			continue
		}
		if err := t.execLookup(removeLookupSQL, k, bind); err != nil {
			return err
		}
	}
	for _, k := range keys {
		if slices.Contains(old, k) {
			continue
		}
		if err := t.execLookup(addLookupSQL, k, bind); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) execLookup(sql string, k lookupKey, bind func(*conn.Stmt)) error {
	st, err := t.write(sql)
	if err != nil {
		return err
	}
	st.BindInt64(1, t.tenant)
	st.BindInt64(2, k.attr)
	st.BindText(3, k.value)
	bind(st)
	return t.failed(st.Exec())
}
