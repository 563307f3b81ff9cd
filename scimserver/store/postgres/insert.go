package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// These find what of a resource another one has. The tenant has no other writer, so that this is as good as a constraint. Most
// resources have no unique values but their id and name; with a list the statement would be planned each time, which takes
// longer than to run it.
const (
	takenSQL = `SELECT CASE
	WHEN EXISTS (SELECT 1 FROM resource o WHERE o.tenant = ` + own + ` AND o.id = $2 AND o.seq <> $3) THEN 'id'
	WHEN EXISTS (SELECT 1 FROM resource o WHERE o.tenant = ` + own + ` AND o.kind = $4 AND o.name = $5 AND o.name_unique = 1 AND o.seq <> $3) THEN 'name' END`
	takenValueSQL = `SELECT l.attr FROM unnest($3::text[], $4::text[]) k (attr, value)
	JOIN lookup l ON l.tenant = ` + own + ` AND l.attr = k.attr AND l.value = k.value AND l.resource <> $2 LIMIT 1`
)

// checkUnique looks for another resource than seq with the id or one of the unique values.
func (t *tx) checkUnique(ctx context.Context, r *store.Record, seq int64, name any) error {
	var attrs, values []string
	for _, v := range r.Keys.Values {
		if v.Unique {
			attrs, values = append(attrs, attrName(r.Type, v.Path)), append(values, text(v.Value))
		}
	}
	if seq != 0 && name == nil && len(attrs) == 0 {
		return nil
	}
	if seq == 0 && len(attrs) == 0 && t.isFree(ctx, r) {
		return nil
	}
	var taken, value *string
	asks := []ask{t.ask(takenSQL, func(rows pgx.Rows) error { return rows.Scan(&taken) }, text(r.ID), seq, kindOf(r.Type), name)}
	if len(attrs) > 0 {
		asks = append(asks, t.ask(takenValueSQL, func(rows pgx.Rows) error { return rows.Scan(&value) }, seq, attrs, values))
	}
	switch err := t.run(ctx, asks...); {
	case err != nil:
		return err
	case taken != nil && *taken == "name":
		return &store.UniquenessError{Attribute: store.NameAttribute(r.Type)}
	case taken != nil:
		return &store.UniquenessError{Attribute: "id"}
	case value != nil:
		return &store.UniquenessError{Attribute: (*value)[len(r.Type)+1:]}
	}
	return nil
}

// attrName is the column attr of an indexed attribute.
func attrName(typ, path string) string { return typ + " " + path }

// lookupKeys are, by turns, the attributes and values of a record, each pair once.
func lookupKeys(r *store.Record) []string { return pairs(r.Type, r.Keys.Values) }

func pairs(typ string, list []store.Key) (keys []string) {
	for _, v := range list {
		attr, value := attrName(typ, v.Path), text(v.Value)
		if !hasPair(keys, attr, value) {
			keys = append(keys, attr, value)
		}
	}
	return keys
}

func hasPair(keys []string, attr, value string) bool {
	for i := 0; i < len(keys); i += 2 {
		if keys[i] == attr && keys[i+1] == value {
			return true
		}
	}
	return false
}

// without are the pairs of keys that are not among others, as two lists.
func without(keys, others []string) (attrs, values []string) {
	for i := 0; i < len(keys); i += 2 {
		if !hasPair(others, keys[i], keys[i+1]) {
			attrs, values = append(attrs, keys[i]), append(values, keys[i+1])
		}
	}
	return attrs, values
}

// uniqueName is the name if no other resource may have it, else nil.
func uniqueName(k store.Keys) any {
	if k.Name == "" || !k.NameUnique {
		return nil
	}
	return text(k.Name)
}

func nameUnique(k store.Keys) any {
	if uniqueName(k) == nil {
		return nil
	}
	return int16(1)
}

const insertSQL = `INSERT INTO resource (tenant, seq, kind, id, version, created, modified, active, name, name_unique, external, display, display_key, keys, doc, type)
	VALUES ($1, $2, $3, $4, 1, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`

// Insert implements store.Writer.
func (t *tx) Insert(ctx context.Context, r store.Record) (store.Record, error) {
	if err := t.writable(ctx); err != nil {
		return store.Record{}, err
	}
	if err := t.checkUnique(ctx, &r, 0, uniqueName(r.Keys)); err != nil {
		return store.Record{}, err
	}
	t.b.ahead.wrote(&r)
	t.b.row.seq++
	seq := int64(kindOf(r.Type))<<kindShift + t.b.row.seq
	keys := lookupKeys(&r)
	t.insert(&r, seq, keys)
	t.changeLookups(seq, nil, keys)
	t.count(seq, 1, r.Activity())
	return stored(r, 1, r.Created.UnixMilli()), nil
}

func (t *tx) insert(r *store.Record, seq int64, keys []string) {
	t.write(insertSQL, seq, kindOf(r.Type), text(r.ID), r.Created.UnixMilli(), r.Modified.UnixMilli(), r.Activity(), optional(r.Keys.Name),
		nameUnique(r.Keys), optional(r.Keys.ExternalID), optional(r.Keys.Display), optional(filter.Fold(r.Keys.Display)), keys, string(r.Doc),
		otherType(r.Type))
}

// stored is the record as the store returns it.
func stored(r store.Record, version, createdMS int64) store.Record {
	r.Version = version
	r.Created, r.Modified = timeOf(createdMS), timeOf(r.Modified.UnixMilli())
	r.Keys = store.Keys{}
	return r
}

const (
	addLookupsSQL    = "INSERT INTO lookup (tenant, attr, value, resource) SELECT $1, k.attr, k.value, $2 FROM unnest($3::text[], $4::text[]) k (attr, value)"
	removeLookupsSQL = `DELETE FROM lookup l USING unnest($3::text[], $4::text[]) k (attr, value)
		WHERE l.tenant = $1 AND l.attr = k.attr AND l.value = k.value AND l.resource = $2`
)

// changeLookups replaces the keys of a resource.
func (t *tx) changeLookups(seq int64, old, keys []string) {
	if attrs, values := without(old, keys); len(attrs) > 0 {
		t.write(removeLookupsSQL, seq, attrs, values)
	}
	if attrs, values := without(keys, old); len(attrs) > 0 {
		t.write(addLookupsSQL, seq, attrs, values)
	}
}

// reviseSQL is replaceSQL without the name, so that several can go as one statement whatever its order is; reviseRowsSQL is for
// that.
const (
	replaceSQL = `UPDATE resource SET version = $3, modified = $4, active = $5, external = $6, display = $7, display_key = $8, keys = $9, doc = $10,
	name = $11, name_unique = $12 WHERE tenant = $1 AND seq = $2`
	reviseSQL = `UPDATE resource SET version = $3, modified = $4, active = $5, external = $6, display = $7, display_key = $8, keys = $9, doc = $10
	WHERE tenant = $1 AND seq = $2`
	reviseRowsSQL = `UPDATE resource r SET version = k.version, modified = k.modified, active = k.active, external = k.external, display = k.display,
	display_key = k.display_key, keys = k.keys, doc = k.doc FROM (
		VALUES ($1::bigint, $2::bigint, $3::bigint, $4::bigint, $5::smallint, $6::text, $7::text, $8::text, $9::text[], $10::text)
	) k (tenant, seq, version, modified, active, external, display, display_key, keys, doc) WHERE r.tenant = k.tenant AND r.seq = k.seq`
)

// Replace implements store.Writer.
func (t *tx) Replace(ctx context.Context, r store.Record) (store.Record, error) {
	old, err := t.changeRow(ctx, r.Type, r.ID)
	if err != nil {
		return store.Record{}, err
	}
	keys := lookupKeys(&r)
	if err := t.checkChanges(ctx, &r, old, keys); err != nil {
		return store.Record{}, err
	}
	t.b.ahead.wrote(&r)
	t.replace(&r, old, keys)
	t.changeLookups(old.seq, old.keys, keys)
	t.activity(old.seq, old.active, r.Activity())
	return stored(r, old.version+1, old.created), nil
}

func (t *tx) replace(r *store.Record, old row, keys []string) {
	sql, args := reviseSQL, []any{
		old.seq, old.version + 1, r.Modified.UnixMilli(), r.Activity(), optional(r.Keys.ExternalID), optional(r.Keys.Display), optional(filter.Fold(r.Keys.Display)),
		keys, string(r.Doc),
	}
	if text(r.Keys.Name) != old.name || old.unique != (nameUnique(r.Keys) != nil) {
		sql, args = replaceSQL, append(args, optional(r.Keys.Name), nameUnique(r.Keys))
	}
	t.write(sql, args...)
}

// checkChanges is checkUnique for what the resource has not had already.
func (t *tx) checkChanges(ctx context.Context, r *store.Record, old row, keys []string) error {
	name := uniqueName(r.Keys)
	if name == old.name && old.unique {
		name = nil
	}
	if name == nil && slices.Equal(keys, old.keys) && !slices.ContainsFunc(r.Keys.Values, func(k store.Key) bool { return k.Unique }) {
		return nil
	}
	return t.checkUnique(ctx, r, old.seq, name)
}

const touchSQL = "UPDATE resource SET version = version + 1, modified = $3 WHERE tenant = $1 AND seq = $2"

// Touch implements store.Writer.
func (t *tx) Touch(ctx context.Context, typ, id string, at time.Time) error {
	r, err := t.changeRow(ctx, typ, id)
	if err == nil {
		t.write(touchSQL, r.seq, at.UnixMilli())
		t.touched(resourceKey{kindOf(typ), text(id)}, at.UnixMilli())
	}
	return err
}

const (
	touchGroupsSQL = `UPDATE resource SET version = version + 1, modified = $3
		WHERE tenant = $1 AND seq IN (SELECT grp FROM membership WHERE tenant = $1 AND member = $2)`
	leaveGroupsSQL  = "DELETE FROM membership WHERE tenant = $1 AND member = $2"
	clearGroupSQL   = "DELETE FROM membership WHERE tenant = $1 AND grp = $2"
	deleteSQL       = "DELETE FROM resource WHERE tenant = $1 AND seq = $2"
	setPasswordSQL  = "INSERT INTO password (tenant, resource, hash) VALUES ($1, $2, $3) ON CONFLICT (tenant, resource) DO UPDATE SET hash = excluded.hash"
	dropPasswordSQL = "DELETE FROM password WHERE tenant = $1 AND resource = $2"
)

// Delete implements store.Writer.
func (t *tx) Delete(ctx context.Context, typ, id string, at time.Time) error {
	r, err := t.changeRow(ctx, typ, id)
	if err != nil {
		return err
	}
	t.b.ahead.gone(resourceKey{kindOf(typ), text(id)}, r.alone && typ != store.TypeGroup)
	if !r.alone {
		t.write(touchGroupsSQL, r.seq, at.UnixMilli())
		t.write(leaveGroupsSQL, r.seq)
	}
	if typ == store.TypeGroup {
		t.write(clearGroupSQL, r.seq)
	}
	t.changeLookups(r.seq, r.keys, nil)
	t.write(dropPasswordSQL, r.seq)
	t.write(deleteSQL, r.seq)
	t.count(r.seq, -1, r.active)
	return nil
}

// SetPassword implements store.Writer.
func (t *tx) SetPassword(ctx context.Context, typ, id, hash string) error {
	r, err := t.findRow(ctx, typ, id)
	switch {
	case err != nil:
		return err
	case hash == "":
		t.write(dropPasswordSQL, r.seq)
	default:
		t.write(setPasswordSQL, r.seq, text(hash))
	}
	return nil
}
