package directory

import (
	"context"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Create adds a resource (RFC 7644 §3.3). Errors: 400, 403 where the tenant is full, 409 where a unique value is taken.
func (d *Directory) Create(ctx context.Context, c *Call, body *resource.Object, ans *Answer) error {
	op := c.operation(postMethod)
	op.UserName = text(body, "userName")
	return d.tell(ctx, c, op, func() error { return d.create(ctx, c, op, body, ans) })
}

func (d *Directory) create(ctx context.Context, c *Call, op Operation, body *resource.Object, ans *Answer) error {
	in, err := c.read(body)
	if err != nil {
		return err
	}
	c.specified(in.doc)
	if err := d.checkRoom(ctx, c); err != nil {
		return err
	}
	if in.password, err = d.newPassword(ctx, c, in.secrets); err != nil {
		return err
	}
	c.ID = d.newID()
	rec := c.record(in.doc)
	rec.Created = d.now()
	rec.Modified = rec.Created
	stored, err := d.insert(ctx, c, op, rec, in)
	if err != nil {
		c.ID = "" // there is no such resource
		return err
	}
	if _, _, manager := managerSpan(stored.Doc); c.Type.Name == store.TypeGroup || manager != "" || c.NoBody {
		return d.represent(ctx, c, stored, ans)
	}
	return c.representAlone(stored, ans)
}

func (d *Directory) insert(ctx context.Context, c *Call, op Operation, rec store.Record, in input) (stored store.Record, err error) {
	op.ID, op.New = rec.ID, in.doc
	err = d.update(store.WithAhead(ctx, store.AheadOfInsert(&rec)), c, op, func(w store.Writer) error {
		if stored, err = w.Insert(ctx, rec); err != nil {
			return err
		}
		if _, err = in.password.set(ctx, w, c); err != nil {
			return err
		}
		c.changedUser(nil, &stored, in.doc)
		_, err = c.addMembers(ctx, w, in.members)
		return err
	})
	return stored, c.fault(err)
}

// checkRoom refuses what goes beyond the tenant's limits. Parallel requests may together go over a limit by their number.
func (d *Directory) checkRoom(ctx context.Context, c *Call) error {
	limit, room := c.Tenant.MaxUsers, &c.Tenant.userRoom
	if c.Type.Name == store.TypeGroup {
		limit, room = c.Tenant.MaxGroups, &c.Tenant.groupRoom
	}
	if limit <= 0 || room.pass() {
		return nil
	}
	counts, err := d.store.Counts(ctx, c.Tenant.Key)
	if err != nil {
		return c.fault(err)
	}
	have := counts.Users
	if c.Type.Name == store.TypeGroup {
		have = counts.Groups
	}
	room.counted(have, limit)
	if have < limit {
		return nil
	}
	return scimerr.Forbidden("the limit of %d resources of type %s is reached: delete some, or ask the administrator to raise it", limit, c.Type.Name)
}

// input is a body as it is stored.
type input struct {
	doc      *resource.Object
	members  []string // ids, of a group
	secrets  *resource.Object
	password newPassword
}

// read takes the body of a POST or PUT: canonical, members apart. A user is active unless the body says otherwise: RFC
// 7644 §3.5.1 lets the service provider give a default to what is absent.
func (c *Call) read(body *resource.Object) (in input, err error) {
	if c.Type.Name == store.TypeGroup {
		if in.members, _, err = resource.Members(c.Type, body, c.Tolerance); err != nil {
			return in, err
		}
	}
	if in.doc, in.secrets, err = resource.CanonicalWithSecrets(c.Type, body, c.Tolerance); err != nil {
		return in, err
	}
	c.stateActive(in.doc, resource.Bool(true))
	c.Tenant.unlinkManager(in.doc)
	return in, nil
}

// stateActive lets a user's document say whether it is active, what it is otherwise if it does not, and tells whether that was so.
func (c *Call) stateActive(doc *resource.Object, otherwise resource.Value) bool {
	a := c.Type.Attribute("active")
	if a == nil || otherwise.IsNull() || !doc.Attribute(a).IsNull() {
		return false
	}
	resource.SetAttribute(c.Type, doc, a, otherwise)
	return true
}

// specified makes the answer show what the client has written, even if it is returned on request only.
func (c *Call) specified(doc *resource.Object) {
	c.Projection = c.Projection.Specified(func(a *schema.Attribute) bool { return !doc.Attribute(a).IsNull() })
}

// usualDocument is the length in bytes that few documents exceed; those that do are moved while they are written.
const usualDocument = 1 << 10

// record is the canonical document of c.ID as the store takes it.
func (c *Call) record(doc *resource.Object) store.Record {
	active, ok := doc.Get("active")
	return store.Record{
		Type:   c.Type.Name,
		ID:     c.ID,
		Active: !ok || active.Bool(),
		Doc:    doc.AppendJSON(make([]byte, 0, usualDocument)),
		Keys:   c.Tenant.planOf(c.Type).keys(doc),
	}
}

// Draft is the document that a POST with the body would store.
func Draft(t *Tenant, typ string, body *resource.Object, tol *tolerance.Log) (*resource.Object, error) {
	rt, _ := t.Schemas.ResourceType(typ)
	c := &Call{Tenant: t, Type: rt, Tolerance: tol}
	in, err := c.read(body)
	return in.doc, err
}
