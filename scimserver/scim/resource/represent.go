package resource

import (
	"bytes"
	"strconv"
	"time"
)

// Meta is the common attribute meta (RFC 7643 §3.1).
type Meta struct {
	ResourceType          string
	Created, LastModified time.Time
	Version               int64  // shown as the weak ETag W/"n"
	Location              string // URL of the resource
}

// Extra is an attribute kept outside the document, already encoded: groups or members.
type Extra struct {
	Name string
	JSON []byte
}

// AppendResource appends the full representation of a stored document, which is spliced and not decoded: schemas, id, the rest of the
// document, the extras, meta.
func AppendResource(dst, doc []byte, id string, meta Meta, extra ...Extra) []byte {
	// A stored document begins with schemas, and URNs hold no bracket.
	cut := bytes.IndexByte(doc, ']') + 1
	dst = append(dst, doc[:cut]...)
	dst = AppendString(append(dst, `,"id":`...), id)
	dst = append(dst, doc[cut:len(doc)-1]...)
	for i := range extra {
		dst = append(append(append(dst, ',', '"'), extra[i].Name...), '"', ':')
		dst = append(dst, extra[i].JSON...)
	}
	dst = append(dst, `,"meta":`...)
	return append(meta.AppendJSON(dst), '}')
}

// AppendJSON appends the value of meta.
func (m Meta) AppendJSON(dst []byte) []byte {
	dst = AppendString(append(dst, `{"resourceType":`...), m.ResourceType)
	dst = AppendTime(append(dst, `,"created":"`...), m.Created)
	dst = AppendTime(append(dst, `","lastModified":"`...), m.LastModified)
	dst = AppendString(append(dst, `","location":`...), m.Location)
	dst = strconv.AppendInt(append(dst, `,"version":"W/\"`...), m.Version, 10)
	return append(dst, `\""}`...)
}

// Object is meta as a value, for filters and projections.
func (m Meta) Object() *Object {
	o := NewObject(5)
	o.Set("resourceType", String(m.ResourceType))
	o.Set("created", String(string(AppendTime(nil, m.Created))))
	o.Set("lastModified", String(string(AppendTime(nil, m.LastModified))))
	o.Set("location", String(m.Location))
	o.Set("version", String(m.ETag()))
	return o
}

// ETag is the weak entity tag of the version.
func (m Meta) ETag() string { return `W/"` + strconv.FormatInt(m.Version, 10) + `"` }

// Full returns the full representation of a decoded document; values are shared with it. Links such as groups are set by the caller.
func Full(doc *Object, id string, meta Meta) *Object {
	full := NewObject(doc.Len() + 4)
	full.fields = append(full.fields, doc.fields[:1]...)
	full.fields = append(full.fields, field{"id", String(id)})
	full.fields = append(full.fields, doc.fields[1:]...)
	full.fields = append(full.fields, field{"meta", Obj(meta.Object())})
	return full
}
