package sqlite

import (
	"context"
	"crypto/rand"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

const (
	secretSQL    = "SELECT value FROM secret WHERE name = ?1"
	addSecretSQL = "INSERT INTO secret (name, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
)

// Secret implements store.Store.
func (s *Store) Secret(ctx context.Context, name string) (value []byte, err error) {
	session, err := s.readers.get(ctx)
	if err != nil {
		return nil, err
	}
	value, err = session.secret(name)
	s.readers.put(session)
	if value != nil || err != nil {
		return value, classify(err)
	}
	err = s.writer.update(&request{ctx: ctx, fn: func(t *tx) error {
		if err := t.addSecret(name); err != nil {
			return err
		}
		value, err = t.session.secret(name)
		return t.failed(err)
	}})
	return value, err
}

// secret is nil if there is none of the name.
func (s *session) secret(name string) ([]byte, error) {
	st, err := s.prepare(secretSQL)
	if err != nil {
		return nil, err
	}
	defer st.Reset()
	st.BindText(1, name)
	if row, err := st.Step(); err != nil || !row {
		return nil, err
	}
	return st.Bytes(0), nil
}

func (t *tx) addSecret(name string) error {
	value := make([]byte, store.SecretSize)
	_, _ = rand.Read(value) // it never fails
	st, err := t.write(addSecretSQL)
	if err != nil {
		return err
	}
	st.BindText(1, name)
	st.BindBlob(2, value)
	return t.failed(st.Exec())
}
