package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

var passwordTests = map[string]func(*testing.T, *bench){
	"are kept beside the record":   testPassword,
	"go with their resource":       testPasswordGoes,
	"of a transaction that failed": testPasswordUndone,
	"are those of one tenant":      testPasswordTenant,
}

func (b *bench) password(typ, id string) (hash string) {
	b.tb.Helper()
	b.view(func(ctx context.Context, r store.Reader) (err error) {
		hash, err = r.Password(ctx, typ, id)
		return err
	})
	return hash
}

func (b *bench) setPassword(id, hash string) {
	b.tb.Helper()
	b.update(func(ctx context.Context, w store.Writer) error {
		if err := w.SetPassword(ctx, store.TypeUser, id, hash); err != nil {
			return err
		}
		if got, err := w.Password(ctx, store.TypeUser, id); err != nil || got != hash {
			b.tb.Errorf("the writer reads %q, %v, not its own change", got, err)
		}
		return nil
	})
}

func testPassword(_ *testing.T, b *bench) {
	b.insertUsers(1, 2)
	before := b.get(store.TypeUser, id(1))
	b.equal("none", b.password(store.TypeUser, id(1)), "")
	for _, hash := range []string{"$argon2id$one", "$argon2id$two", "$argon2id$two"} {
		b.setPassword(id(1), hash)
		b.equal("set", b.password(store.TypeUser, id(1)), hash)
	}
	b.equal("the record", b.get(store.TypeUser, id(1)), before)
	b.equal("of another user", b.password(store.TypeUser, id(2)), "")
	b.equal("of another type", b.password(store.TypeGroup, id(1)), "")
	next := userRecord(id(1), "ann")
	b.update(func(ctx context.Context, w store.Writer) error {
		_, err := w.Replace(ctx, next)
		return err
	})
	b.equal("after Replace", b.password(store.TypeUser, id(1)), "$argon2id$two")
	b.setPassword(id(1), "")
	b.equal("removed", b.password(store.TypeUser, id(1)), "")
	b.failsWith(store.ErrNotFound, func(ctx context.Context, w store.Writer) error {
		return w.SetPassword(ctx, store.TypeUser, id(9), "x")
	})
	b.failsWith(store.ErrNotFound, func(ctx context.Context, w store.Writer) error {
		return w.SetPassword(ctx, store.TypeGroup, id(1), "x")
	})
}

func testPasswordGoes(_ *testing.T, b *bench) {
	b.insertUsers(1, 2)
	b.setPassword(id(1), "one")
	b.setPassword(id(2), "two")
	b.update(func(ctx context.Context, w store.Writer) error { return w.Delete(ctx, store.TypeUser, id(1), day(2)) })
	b.equal("of a deleted user", b.password(store.TypeUser, id(1)), "")
	b.insert(userRecord(id(1), "ann"))
	b.equal("of who comes after", b.password(store.TypeUser, id(1)), "")
	b.equal("of the other", b.password(store.TypeUser, id(2)), "two")
}

var errUndo = errors.New("undo")

func testPasswordUndone(_ *testing.T, b *bench) {
	b.insertUsers(1, 1)
	b.setPassword(id(1), "one")
	b.failsWith(errUndo, func(ctx context.Context, w store.Writer) error {
		if err := w.SetPassword(ctx, store.TypeUser, id(1), "two"); err != nil {
			return err
		}
		return errUndo
	})
	b.equal("undone", b.password(store.TypeUser, id(1)), "one")
}

func testPasswordTenant(t *testing.T, b *bench) {
	b.insertUsers(1, 1)
	b.setPassword(id(1), "one")
	b.equal("seen by another tenant", b.at(globex).password(store.TypeUser, id(1)), "")
	if err := b.Purge(t.Context(), b.tenant, "uid"); err != nil {
		t.Fatal(err)
	}
	b.insertUsers(1, 1)
	b.equal("after a purge", b.password(store.TypeUser, id(1)), "")
}
