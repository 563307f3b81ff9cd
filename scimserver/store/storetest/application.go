package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

var applicationTests = map[string]func(*testing.T, *bench){
	"a member is kept as it is":               testMemberRoundTrip,
	"a member is found by its user":           testMemberOf,
	"a user has one member":                   testOneMember,
	"an unlinked member is found by old keys": testUnlinked,
	"holders of a unique value":               testHolders,
	"members are counted":                     testMemberCounts,
	"pages of members":                        testMemberPages,
	"holds":                                   testHolds,
	"members of tenants do not meet":          testMemberTenants,
	"failures leave no member":                testMemberRollback,
	"a purge takes members and all of theirs": testMemberPurge,
}

// memberRecord is a member of the user with the same number.
func memberRecord(n int, name string) store.MemberRecord {
	return store.MemberRecord{
		ID: id(n), UserID: id(n), Active: true, Role: "Staff", UserName: name, ExternalID: "ext-" + name,
		Fields: []byte(`{"email":"` + name + `@example.com"}`), Sequence: 1, Created: day(1), Modified: day(1),
		Keys: []store.Key{{Path: "email", Value: name + "@example.com"}},
	}
}

func (b *bench) insertMembers(list ...store.MemberRecord) {
	b.tb.Helper()
	b.update(func(ctx context.Context, w store.Writer) error {
		for _, m := range list {
			if err := w.InsertMember(ctx, m); err != nil {
				return err
			}
		}
		return nil
	})
}

// member reads one that must be there.
func (b *bench) member(find func(context.Context, store.Reader) (store.MemberRecord, error)) (m store.MemberRecord) {
	b.tb.Helper()
	b.view(func(ctx context.Context, r store.Reader) (err error) {
		m, err = find(ctx, r)
		return err
	})
	return m
}

func byID(id string) func(context.Context, store.Reader) (store.MemberRecord, error) {
	return func(ctx context.Context, r store.Reader) (store.MemberRecord, error) { return r.Member(ctx, id) }
}

func memberOf(userID string) func(context.Context, store.Reader) (store.MemberRecord, error) {
	return func(ctx context.Context, r store.Reader) (store.MemberRecord, error) { return r.MemberOf(ctx, userID) }
}

func unlinked(name, external string) func(context.Context, store.Reader) (store.MemberRecord, error) {
	return func(ctx context.Context, r store.Reader) (store.MemberRecord, error) {
		return r.Unlinked(ctx, name, external)
	}
}

// noMember checks that a search finds nothing.
func (b *bench) noMember(find func(context.Context, store.Reader) (store.MemberRecord, error)) {
	b.tb.Helper()
	b.view(func(ctx context.Context, r store.Reader) error {
		if m, err := find(ctx, r); !errors.Is(err, store.ErrNotFound) {
			b.tb.Errorf("got %+v, %v, want ErrNotFound", m, err)
		}
		return nil
	})
}

func testMemberRoundTrip(_ *testing.T, b *bench) {
	full := memberRecord(1, "ann")
	full.Groups, full.Pending = []byte(`["Admins"]`), []byte(`{"kind":"remove"}`)
	b.insertMembers(full, store.MemberRecord{ID: id(2), Fields: []byte(`{}`), Created: day(1), Modified: day(1)})
	want := full
	want.Keys = nil
	b.equal("member", b.member(byID(id(1))), want)
	b.equal("bare member", b.member(byID(id(2))), store.MemberRecord{ID: id(2), Fields: []byte(`{}`), Created: day(1), Modified: day(1)})

	next := memberRecord(1, "anne")
	next.Active, next.Role, next.Sequence, next.Created, next.Modified = false, "Admin", 7, day(9), day(2)
	b.update(func(ctx context.Context, w store.Writer) error { return w.ReplaceMember(ctx, next) })
	next.Keys, next.Created = nil, day(1)
	b.equal("replaced", b.member(byID(id(1))), next)
	b.failsWith(store.ErrNotFound, func(ctx context.Context, w store.Writer) error { return w.ReplaceMember(ctx, memberRecord(9, "x")) })
	b.failsWith(store.ErrNotFound, func(ctx context.Context, w store.Writer) error { return w.DeleteMember(ctx, id(9)) })
	b.update(func(ctx context.Context, w store.Writer) error { return w.DeleteMember(ctx, id(1)) })
	b.noMember(byID(id(1)))
}

func testMemberOf(_ *testing.T, b *bench) {
	own, other := memberRecord(1, "ann"), memberRecord(2, "bob")
	other.UserID = id(3)
	b.insertMembers(own, other)
	b.equal("own", b.member(memberOf(id(1))).ID, id(1))
	b.equal("other", b.member(memberOf(id(3))).ID, id(2))
	b.noMember(memberOf(id(2)))
	own.UserID = ""
	other.UserID = id(1)
	b.update(func(ctx context.Context, w store.Writer) error {
		return errors.Join(w.ReplaceMember(ctx, own), w.ReplaceMember(ctx, other))
	})
	b.equal("linked anew", b.member(memberOf(id(1))).ID, id(2))
	b.noMember(memberOf(id(3)))
	b.noMember(memberOf(""))
}

func testOneMember(_ *testing.T, b *bench) {
	b.insertMembers(memberRecord(1, "ann"), memberRecord(2, "bob"))
	taken := func(attribute string, write func(context.Context, store.Writer) error) {
		b.tb.Helper()
		err := b.Update(context.Background(), b.tenant, func(w store.Writer) error { return write(context.Background(), w) })
		var u *store.UniquenessError
		if !errors.As(err, &u) || u.Attribute != attribute {
			b.tb.Errorf("got %v, want %s taken", err, attribute)
		}
	}
	second := memberRecord(3, "cid")
	for _, user := range []string{id(1), id(2)} {
		second.UserID = user
		taken("user", func(ctx context.Context, w store.Writer) error { return w.InsertMember(ctx, second) })
	}
	taken("id", func(ctx context.Context, w store.Writer) error { return w.InsertMember(ctx, memberRecord(1, "x")) })
	moved := memberRecord(2, "bob")
	moved.UserID = id(1)
	taken("user", func(ctx context.Context, w store.Writer) error { return w.ReplaceMember(ctx, moved) })

	free := memberRecord(4, "dan")
	free.UserID = id(5)
	b.insertMembers(free)
	taken("user", func(ctx context.Context, w store.Writer) error { return w.InsertMember(ctx, memberRecord(5, "eve")) })
}

func testUnlinked(_ *testing.T, b *bench) {
	lost := func(n int, name, external string, at int) store.MemberRecord {
		m := memberRecord(n, name)
		m.UserID, m.ExternalID, m.Modified = "", external, day(at)
		return m
	}
	b.insertMembers(lost(1, "Ann", "e1", 1), lost(2, "ANN", "", 3), lost(3, "ann", "", 2), lost(4, "bob", "e2", 1), memberRecord(5, "cid"))
	b.equal("latest of the name", b.member(unlinked("aNN", "")).ID, id(2))
	b.equal("externalId first", b.member(unlinked("bob", "e1")).ID, id(1))
	b.equal("then the name", b.member(unlinked("bob", "e9")).ID, id(4))
	b.noMember(unlinked("", ""))
	b.noMember(unlinked("cid", "ext-cid"))
	linked := lost(4, "bob", "e2", 4)
	linked.UserID = id(4)
	b.update(func(ctx context.Context, w store.Writer) error { return w.ReplaceMember(ctx, linked) })
	b.noMember(unlinked("bob", "e2"))
}

func testHolders(_ *testing.T, b *bench) {
	two, inactive := memberRecord(2, "bob"), memberRecord(3, "cid")
	two.Keys = []store.Key{{Path: "email", Value: "x"}, {Path: "badge", Value: "7"}, {Path: "badge", Value: "7"}}
	inactive.Active, inactive.Keys = false, []store.Key{{Path: "email", Value: "x"}}
	b.insertMembers(memberRecord(1, "ann"), two, inactive)
	holders := func(field, value string) (ids []string) {
		b.view(func(ctx context.Context, r store.Reader) error {
			found, err := r.Holders(ctx, store.Key{Path: field, Value: value})
			for _, m := range found {
				ids = append(ids, m.ID)
			}
			return err
		})
		return ids
	}
	b.equal("one", holders("email", "ann@example.com"), []string{id(1)})
	b.equal("two", holders("email", "x"), []string{id(2), id(3)})
	b.equal("another field", holders("badge", "x"), []string(nil))
	b.equal("unknown field", holders("hat", "x"), []string(nil))
	two.Keys = []store.Key{{Path: "badge", Value: "7"}}
	b.update(func(ctx context.Context, w store.Writer) error {
		return errors.Join(w.ReplaceMember(ctx, two), w.DeleteMember(ctx, id(1)))
	})
	b.equal("changed", holders("email", "x"), []string{id(3)})
	b.equal("kept", holders("badge", "7"), []string{id(2)})
	b.equal("deleted", holders("email", "ann@example.com"), []string(nil))
}

func testMemberCounts(_ *testing.T, b *bench) {
	b.insertMembers(memberRecord(1, "ann"), memberRecord(2, "bob"), memberRecord(3, "cid"))
	off := memberRecord(2, "bob")
	off.Active = false
	b.update(func(ctx context.Context, w store.Writer) error {
		return errors.Join(w.ReplaceMember(ctx, off), w.DeleteMember(ctx, id(3)))
	})
	b.equal("Counts", b.counts(), store.Counts{Members: 2, ActiveMembers: 1})
}

func testMemberPages(_ *testing.T, b *bench) {
	for n := 5; n > 0; n-- {
		b.insertMembers(memberRecord(n, "m"+id(n)))
	}
	page := func(after string) (ids []string) {
		b.view(func(ctx context.Context, r store.Reader) error {
			list, err := r.MemberPage(ctx, after, 2)
			for _, m := range list {
				ids = append(ids, m.ID)
			}
			return err
		})
		return ids
	}
	b.equal("first", page(""), []string{id(1), id(2)})
	b.equal("second", page(id(2)), []string{id(3), id(4)})
	b.equal("last", page(id(4)), []string{id(5)})
	b.equal("behind", page(id(5)), []string(nil))
}

func testHolds(_ *testing.T, b *bench) {
	b.insertMembers(memberRecord(1, "ann"), memberRecord(2, "bob"))
	hold := func(n int, name, reason string) store.Hold {
		return store.Hold{MemberID: id(n), Name: name, Reason: reason, Created: day(n)}
	}
	b.update(func(ctx context.Context, w store.Writer) error {
		return errors.Join(w.PutHold(ctx, hold(1, "laptop", "has one")), w.PutHold(ctx, hold(1, "badge", "has one")),
			w.PutHold(ctx, hold(1, "laptop", "has two")), w.PutHold(ctx, hold(2, "laptop", "has one")))
	})
	holds := func(member string) (list []store.Hold) {
		b.view(func(ctx context.Context, r store.Reader) (err error) {
			list, err = r.Holds(ctx, member)
			return err
		})
		return list
	}
	b.equal("of one", holds(id(1)), []store.Hold{hold(1, "badge", "has one"), hold(1, "laptop", "has two")})
	b.equal("of all", len(holds("")), 3)
	b.failsWith(store.ErrNotFound, func(ctx context.Context, w store.Writer) error { return w.PutHold(ctx, hold(9, "x", "")) })
	b.update(func(ctx context.Context, w store.Writer) error {
		was, err := w.DeleteHold(ctx, id(1), "badge")
		again, err2 := w.DeleteHold(ctx, id(1), "badge")
		b.equal("deleted", []bool{was, again}, []bool{true, false})
		return errors.Join(err, err2, w.DeleteMember(ctx, id(2)))
	})
	b.equal("left", holds(""), []store.Hold{hold(1, "laptop", "has two")})
}

func testMemberTenants(_ *testing.T, b *bench) {
	b.insertMembers(memberRecord(1, "ann"))
	other := b.at(globex)
	other.noMember(byID(id(1)))
	other.insertMembers(memberRecord(1, "ann"))
	other.update(func(ctx context.Context, w store.Writer) error { return w.DeleteMember(ctx, id(1)) })
	b.equal("member", b.member(byID(id(1))).ID, id(1))
	b.equal("Counts", b.counts(), store.Counts{Members: 1, ActiveMembers: 1})
}

// fillMembers writes something of every kind.
func fillMembers(ctx context.Context, w store.Writer) error {
	m := memberRecord(1, "ann")
	return errors.Join(w.InsertMember(ctx, m), w.PutHold(ctx, store.Hold{MemberID: m.ID, Name: "laptop", Created: day(1)}),
		appendEvent(ctx, w, 1, store.MemberCreated, 0), w.AppendLog(ctx, store.LogRow{Time: day(1), UserID: m.ID, Entry: []byte("{}")}),
		w.AddWork(ctx, []string{m.ID}), w.PutIntent(ctx, store.Intent{ID: "i", Created: day(1), Body: []byte("{}")}),
		w.BookOffboarding(ctx, day(1), day(1)), w.SetState(ctx, "remap", []byte("x")))
}

// nothingOfMembers checks that nothing of fillMembers is there.
func (b *bench) nothingOfMembers() {
	b.tb.Helper()
	b.noMember(byID(id(1)))
	b.equal("Counts", b.counts(), store.Counts{})
	b.equal("events", b.sequences(0), []int64(nil))
	b.equal("log", b.logRows(store.LogQuery{Limit: 9}), []int64(nil))
	backlog, err := b.Backlog(context.Background(), b.tenant)
	b.equal("Backlog", backlog, store.Backlog{First: 1})
	b.view(func(ctx context.Context, r store.Reader) error {
		holds, err1 := r.Holds(ctx, "")
		work, err2 := r.Work(ctx, 9)
		intents, err3 := r.Intents(ctx)
		booked, err4 := r.Offboardings(ctx, day(1))
		state, err5 := r.State(ctx, "remap")
		b.equal("rest", []any{len(holds), len(work), len(intents), booked, string(state)}, []any{0, 0, 0, int64(0), ""})
		return errors.Join(err, err1, err2, err3, err4, err5)
	})
}

func testMemberRollback(_ *testing.T, b *bench) {
	b.failsWith(errStop, func(ctx context.Context, w store.Writer) error { return errors.Join(fillMembers(ctx, w), errStop) })
	b.nothingOfMembers()
	b.update(fillMembers)
	b.equal("events", b.sequences(0), []int64{1})
}

func testMemberPurge(_ *testing.T, b *bench) {
	b.update(fillMembers)
	other := b.at(globex)
	other.update(fillMembers)
	before, err := b.Events(context.Background(), b.tenant, 0, 9)
	if err == nil {
		err = b.Purge(context.Background(), b.tenant, "u1")
	}
	if err != nil {
		b.tb.Fatal(err)
	}
	b.nothingOfMembers()
	b.equal("other tenant", other.sequences(0), []int64{1})
	b.update(fillMembers)
	after, err := b.Events(context.Background(), b.tenant, 0, 9)
	if err != nil || len(after) != 1 || after[0].Sequence != 1 || before[0].Sequence != 1 {
		b.tb.Errorf("got events %v, %v, want a new beginning", after, err)
	}
}
