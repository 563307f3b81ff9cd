package admin

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/scim-operator/scim-operator/scimserver/directory"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Progress is a line of the answer to an import: every importEvery lines, for each line that failed, and at the end.
type Progress struct {
	Line    int64  `json:"line"` // of the input, from 1
	Created int64  `json:"created"`
	Present int64  `json:"present"` // were there, and are now as the input says
	Failed  int64  `json:"failed"`
	Skipped int64  `json:"skipped"` // lines of other kinds
	Error   string `json:"error,omitempty"`
	End     bool   `json:"end,omitempty"`
}

const (
	importEvery = 500
	maxLine     = 64 << 20 // bytes; a group of 100,000 members takes 4 MiB
)

// importLines reads lines as export writes them, and makes users and groups of them. What is there already and equal is
// not written, so that an import can be repeated after an interruption. Groups whose members come later are tried again at
// the end.
func (h *handler) importLines(w http.ResponseWriter, r *http.Request, tenant string) error {
	v, ok := h.Tenants.View(tenant)
	if !ok {
		return notNow(tenant)
	}
	_ = http.NewResponseController(w).EnableFullDuplex() // progress is told while lines come
	x := &importer{directory: h.Directory, view: v, store: h.Store, tenant: tenant, out: newLines(w)}
	scanner := bufio.NewScanner(r.Body)
	scanner.Buffer(nil, maxLine)
	next := func() ([]byte, bool) {
		if !scanner.Scan() {
			return nil, false
		}
		x.Line++
		return scanner.Bytes(), true
	}
	if err := x.lines(r.Context(), next); err != nil {
		return err
	}
	if err := scanner.Err(); err != nil {
		return err
	}
	return x.finish(r.Context())
}

// lines takes all lines. A header of a full export says that the others are rows.
func (x *importer) lines(ctx context.Context, next func() ([]byte, bool)) error {
	for text, ok := next(); ok; text, ok = next() {
		var head Line
		if x.Line == 1 && json.Unmarshal(text, &head) == nil && head.Kind == "header" && head.Full && head.Version == ExportVersion {
			return x.importFull(ctx, &head, next)
		}
		if err := x.line(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

type importer struct {
	Progress
	directory *directory.Directory
	view      View
	store     Store
	tenant    string
	out       *lines
	later     []postponed
}

// postponed is a group that refers to what is not there yet.
type postponed struct {
	line int64
	text []byte
}

func (x *importer) line(ctx context.Context, text []byte) error {
	err := x.take(ctx, text)
	if _, ok := errors.AsType[*unknownMember](err); ok {
		x.later = append(x.later, postponed{line: x.Line, text: append([]byte(nil), text...)})
		err = nil
	}
	return x.tell(x.Line, err)
}

// tell reports a failure, and how far the import is.
func (x *importer) tell(line int64, err error) error {
	switch {
	case err != nil:
		x.Failed++
	case x.Line%importEvery != 0:
		return nil
	}
	p := x.Progress
	p.Line = line
	if err != nil {
		p.Error = err.Error()
	}
	if err := x.out.write(p); err != nil {
		return err
	}
	return x.out.flush()
}

func (x *importer) finish(ctx context.Context) error {
	for _, p := range x.later {
		if err := x.tell(p.line, x.take(ctx, p.text)); err != nil {
			return err
		}
	}
	x.End = true
	return x.out.write(x.Progress)
}

// take makes a resource of a line.
func (x *importer) take(ctx context.Context, text []byte) error {
	var l Line
	if err := json.Unmarshal(text, &l); err != nil {
		return fmt.Errorf("the line is no JSON of an export: %w", err)
	}
	switch l.Kind {
	case store.TypeUser, store.TypeGroup:
		return x.resource(ctx, &l)
	case "header":
		if l.Version != ExportVersion {
			return fmt.Errorf("the export has the version %d; this server reads %d", l.Version, ExportVersion)
		}
	}
	x.Skipped++
	return nil
}

func (x *importer) resource(ctx context.Context, l *Line) error {
	rt, ok := x.view.Directory.Schemas.ResourceType(l.Kind)
	if !ok {
		return fmt.Errorf("this tenant has no resources of type %s", l.Kind)
	}
	body, err := resource.Decode(l.Document, resource.Limits{})
	if err != nil {
		return err
	}
	if len(l.Members) > 0 {
		body.Set("members", memberValues(l.Members))
	}
	call := &directory.Call{Tenant: x.view.Directory, Type: rt, ID: l.ID, Tolerance: x.view.Directory.Tolerances()}
	created, err := x.directory.Import(ctx, call, directory.Imported{Body: body, PasswordHash: l.Password, Created: l.Created})
	if e, ok := errors.AsType[*scimerr.Error](err); ok && l.Kind == store.TypeGroup && e.ScimType == scimerr.BadValue {
		return &unknownMember{cause: e}
	}
	switch {
	case err != nil:
	case created:
		x.Created++
	default:
		x.Present++
	}
	return err
}

// unknownMember is the error of a group that may be all right later.
type unknownMember struct{ cause error }

func (e *unknownMember) Error() string { return e.cause.Error() }

func (e *unknownMember) Unwrap() error { return e.cause }

func memberValues(ids []string) resource.Value {
	list := make([]resource.Value, len(ids))
	for i, id := range ids {
		o := resource.NewObject(1)
		o.Set("value", resource.String(id))
		list[i] = resource.Obj(o)
	}
	return resource.Array(list...)
}
