package sqlite

import "context"

const passwordSQL = `SELECT p.hash FROM resource r JOIN password p ON p.resource = r.seq
	WHERE r.tenant = ?1 AND r.id = ?2 AND r.type = ?3`

// Password implements store.Reader.
func (v *snapshot) Password(ctx context.Context, typ, id string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	st, err := v.prepare(passwordSQL)
	if err != nil {
		return "", err
	}
	defer st.Reset()
	v.bindResource(st, typ, id)
	if found, err := st.Step(); err != nil || !found {
		return "", v.failed(err)
	}
	return st.Text(0), nil
}

const (
	setPasswordSQL  = "INSERT INTO password (resource, hash) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET hash = excluded.hash"
	dropPasswordSQL = "DELETE FROM password WHERE resource = ?1"
)

// SetPassword implements store.Writer.
func (t *tx) SetPassword(ctx context.Context, typ, id, hash string) error {
	r, err := t.findRow(ctx, typ, id)
	if err != nil {
		return err
	}
	if hash == "" {
		return t.writeInts(dropPasswordSQL, r.seq)
	}
	st, err := t.write(setPasswordSQL)
	if err != nil {
		return err
	}
	st.BindInt64(1, r.seq)
	st.BindText(2, hash)
	return t.failed(st.Exec())
}
