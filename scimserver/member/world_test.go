package member_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/directory"
	"github.com/scim-operator/scim-operator/scimserver/mapping"
	"github.com/scim-operator/scim-operator/scimserver/member"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/memory"
)

// fataler is a *testing.T or a *rapid.T.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

// world is a tenant with an application, and all that is behind it.
type world struct {
	t         fataler
	ctx       context.Context
	store     store.Store
	engine    *member.Engine
	tenant    *member.Tenant
	directory *directory.Directory
	scim      *directory.Tenant
	now       time.Time
	serial    int
	spec      spec
}

// spec is how a tenant is configured.
type spec struct {
	lifecycle config.Lifecycle
	mapping   config.Mapping
	app       config.Application
	asker     member.Asker
	store     store.Store
	observe   member.Observer
	wrap      func(member.Mapper) member.Mapper // nil: the mapping as it is
	holder    string                            // of claims; ids of its world begin at another number
}

// plain is an inventory: e-mail (unique), name and department; the role by group, then by title.
func plain() spec {
	return spec{
		lifecycle: config.DefaultLifecycle(),
		app: config.Application{
			Name: "apps/inventory",
			Fields: []config.Field{
				{Name: "email", Type: "String", Required: true, Unique: true},
				{Name: "fullName", Type: "String"},
				{Name: "department", Type: "String"},
			},
			Roles:   []string{"Administrator", "Staff"},
			Actions: []config.Action{{Name: "UnassignDevices"}, {Name: "ChangePolicy", Parameters: []config.Parameter{{Name: "policy"}}}},
			Webhook: &config.Webhook{Mode: config.Asynchronous},
		},
		mapping: config.Mapping{
			Attributes: []config.AttributeRule{
				{Field: "email", From: `emails[type eq "work"].value`},
				{Field: "fullName", From: "displayName"},
				{Field: "department", From: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"},
			},
			Role: &config.RoleRule{
				From: "title", Groups: []config.GroupRole{{DisplayName: "Admins", Role: "Administrator"}}, Order: config.GroupsFirst,
				Default: "Staff", Unknown: config.Reject, Assign: config.Always,
			},
		},
	}
}

func newWorld(t *testing.T, s spec) *world {
	t.Helper()
	return buildWorld(t.Context(), t, s)
}

func buildWorld(ctx context.Context, t fataler, s spec) *world {
	t.Helper()
	if s.store == nil {
		s.store = memory.New()
	}
	w := &world{t: t, ctx: ctx, store: s.store, serial: len(s.holder) << 32, now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	clock := func() time.Time { return w.now }
	newID := func() string {
		w.serial++
		return fmt.Sprintf("01900000-0000-7000-8000-%012x", w.serial)
	}
	w.engine = member.New(member.Deps{Store: s.store, Asker: s.asker, Observe: s.observe, Clock: clock, NewID: newID, Holder: s.holder})
	w.directory = directory.New(directory.Deps{Store: s.store, Clock: clock, NewID: newID})
	w.configure(s)
	return w
}

// configure gives the tenant another configuration.
func (w *world) configure(s spec) {
	w.t.Helper()
	reg, err := schema.New(schema.Options{Groups: true})
	if err != nil {
		w.t.Fatalf("schemas: %v", err)
	}
	program, err := mapping.Compile(mapping.Spec{Application: &s.app, Mapping: &s.mapping}, reg)
	if err != nil {
		w.t.Fatalf("mapping: %v", err)
	}
	hash, err := json.Marshal([]any{s.app, s.mapping})
	if err != nil {
		w.t.Fatalf("hash: %v", err)
	}
	var mapper member.Mapper = program
	if s.wrap != nil {
		mapper = s.wrap(program)
	}
	w.spec = s
	w.tenant = w.engine.Tenant(member.Config{
		Since: w.now, Replaced: w.tenant != nil, Key: "ns/acme", Application: &s.app, Lifecycle: s.lifecycle, Mapper: mapper, HasRole: s.mapping.Role != nil, Hash: string(hash),
		URL: "https://scim.example.com/ns/acme/scim/v2",
	})
	w.scim = &directory.Tenant{Key: "ns/acme", URL: "https://scim.example.com/ns/acme/scim/v2", Schemas: reg, Provisioner: w.tenant}
}

func (w *world) call(typ, id string) *directory.Call {
	rt, ok := w.scim.Schemas.ResourceType(typ)
	if !ok {
		w.t.Fatalf("no resource type %s", typ)
	}
	return &directory.Call{Tenant: w.scim, Type: rt, ID: id, Tolerance: w.scim.Tolerances(), RequestID: "req", Start: w.now}
}

func (w *world) body(text string) *resource.Object {
	o, err := resource.Decode([]byte(text), resource.Limits{})
	if err != nil {
		w.t.Fatalf("body %s: %v", text, err)
	}
	return o
}

// user is the body of a user; more are further attributes, beginning with a comma.
func user(name string, more ...string) string {
	return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":%q,"displayName":"Mx %s","externalId":"ext-%s",
		"emails":[{"type":"work","value":%q}]%s}`, name, name, name, name+"@example.com", strings.Join(more, ""))
}

const (
	inactive   = `,"active":false`
	userPatch  = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[%s]}`
	deactivate = `{"op":"replace","path":"active","value":false}`
	reactivate = `{"op":"replace","path":"active","value":true}`
)

func (w *world) tryPost(typ, body string) (string, error) {
	c := w.call(typ, "")
	err := w.directory.Create(w.ctx, c, w.body(body), &directory.Answer{})
	return c.ID, err
}

func (w *world) post(typ, body string) string {
	w.t.Helper()
	id, err := w.tryPost(typ, body)
	if err != nil {
		w.t.Fatalf("POST %s: %v", body, err)
	}
	return id
}

func (w *world) tryPut(typ, id, body string) error {
	return w.directory.Replace(w.ctx, w.call(typ, id), w.body(body), &directory.Answer{})
}

func (w *world) put(typ, id, body string) {
	w.t.Helper()
	if err := w.tryPut(typ, id, body); err != nil {
		w.t.Fatalf("PUT %s: %v", body, err)
	}
}

func (w *world) tryPatch(typ, id string, ops ...string) error {
	body := w.body(fmt.Sprintf(userPatch, strings.Join(ops, ",")))
	return w.directory.Patch(w.ctx, w.call(typ, id), body, &directory.Answer{})
}

func (w *world) patch(typ, id string, ops ...string) {
	w.t.Helper()
	if err := w.tryPatch(typ, id, ops...); err != nil {
		w.t.Fatalf("PATCH %s: %v", ops, err)
	}
}

func (w *world) tryDelete(typ, id string) error { return w.directory.Delete(w.ctx, w.call(typ, id)) }

func (w *world) delete(typ, id string) {
	w.t.Helper()
	if err := w.tryDelete(typ, id); err != nil {
		w.t.Fatalf("DELETE: %v", err)
	}
}

// refused checks what the identity provider is told, and that the log has it.
func (w *world) refused(err error, status int, words ...string) {
	w.t.Helper()
	e := scimError(err)
	if e == nil || e.Status != status {
		w.t.Fatalf("got %v, want status %d", err, status)
	}
	for _, word := range words {
		if !strings.Contains(e.Detail+" "+string(e.ScimType), word) {
			w.t.Errorf("got %q (%s), want %q in it", e.Detail, e.ScimType, word)
		}
	}
	last := w.lastEntry()
	if last.Decision != member.Reject || last.Status != status || last.NextStep == "" || last.Reason == "" {
		w.t.Errorf("log: got %+v, want the refusal", last)
	}
}

func scimError(err error) *scimerr.Error {
	for ; err != nil; err = unwrap(err) {
		if e, ok := err.(*scimerr.Error); ok {
			return e
		}
	}
	return nil
}

func unwrap(err error) error {
	if u, ok := err.(interface{ Unwrap() error }); ok {
		return u.Unwrap()
	}
	return nil
}

// events are the events behind a sequence, checked to have no gaps.
func (w *world) events(after int64) []store.Event {
	w.t.Helper()
	list, err := w.store.Events(w.ctx, "ns/acme", after, 10_000)
	if err != nil {
		w.t.Fatalf("Events: %v", err)
	}
	for i, e := range list {
		if e.Sequence != after+int64(i)+1 {
			w.t.Fatalf("event %d has the sequence %d", i, e.Sequence)
		}
	}
	return list
}

// told are the events as "type role {previous}" since the last call.
func (w *world) told() (out []string) {
	w.t.Helper()
	for _, e := range w.events(int64(w.read())) {
		env := w.envelope(e)
		role := "-"
		if env.Member.Role != nil {
			role = *env.Member.Role
		}
		line := fmt.Sprintf("%s %s active=%v %s", strings.TrimPrefix(e.Type, "member."), role, env.Member.Active, env.Previous)
		if env.Action != nil {
			line += fmt.Sprintf(" %s %v", env.Action.Name, env.Action.Parameters)
		}
		out = append(out, line)
	}
	w.mark()
	return out
}

var marks = "marks"

// read and mark keep in the store what told has shown, so that a world can be copied.
func (w *world) read() (n int) {
	_ = w.store.View(w.ctx, "ns/acme", func(r store.Reader) error {
		text, err := r.State(w.ctx, marks)
		if err == nil && text != nil {
			_, err = fmt.Sscan(string(text), &n)
		}
		return err
	})
	return n
}

func (w *world) mark() {
	b, err := w.store.Backlog(w.ctx, "ns/acme")
	if err == nil {
		err = w.store.Update(w.ctx, "ns/acme", func(s store.Writer) error {
			return s.SetState(w.ctx, marks, fmt.Append(nil, b.Last))
		})
	}
	if err != nil {
		w.t.Fatalf("mark: %v", err)
	}
}

func (w *world) envelope(e store.Event) member.Envelope {
	w.t.Helper()
	env, err := member.DecodeEnvelope(e.Body)
	if err != nil || env.Type != e.Type || env.Sequence != e.Sequence || env.Member.ID != e.MemberID || env.Tenant != "ns/acme" {
		w.t.Fatalf("event %+v has the body %s (%v)", e, e.Body, err)
	}
	return env
}

func (w *world) wantTold(what string, want ...string) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.told()); diff != "" {
		w.t.Errorf("%s: events (-want +got):\n%s", what, diff)
	}
}

// members are all members by id.
func (w *world) members() (list []store.MemberRecord) {
	w.t.Helper()
	err := w.store.View(w.ctx, "ns/acme", func(r store.Reader) (err error) {
		list, err = r.MemberPage(w.ctx, "", 10_000)
		return err
	})
	if err != nil {
		w.t.Fatalf("members: %v", err)
	}
	return list
}

// memberOf is the member of a user, nil if there is none.
func (w *world) memberOf(userID string) *store.MemberRecord {
	w.t.Helper()
	list := w.members()
	i := slices.IndexFunc(list, func(m store.MemberRecord) bool { return m.UserID == userID })
	if i < 0 {
		return nil
	}
	return &list[i]
}

func (w *world) log() (entries []member.Entry) {
	w.t.Helper()
	rows, err := w.store.QueryLog(w.ctx, "ns/acme", store.LogQuery{Limit: 10_000})
	if err != nil {
		w.t.Fatalf("QueryLog: %v", err)
	}
	for _, r := range rows {
		e, err := member.DecodeEntry(r.Entry)
		if err != nil {
			w.t.Fatalf("%s: %v", r.Entry, err)
		}
		entries = append(entries, e)
	}
	return entries
}

func (w *world) lastEntry() member.Entry {
	w.t.Helper()
	all := w.log()
	if len(all) == 0 {
		w.t.Fatalf("the log is empty")
	}
	return all[len(all)-1]
}

// tend does what is left to the background.
func (w *world) tend() {
	w.t.Helper()
	for more := true; more; {
		var err error
		if more, err = w.tenant.Tend(w.ctx); err != nil {
			w.t.Fatalf("Tend: %v", err)
		}
	}
}
