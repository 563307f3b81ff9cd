package admin

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/directory"
	"github.com/scim-operator/scim-operator/scimserver/mapping"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Check asks what would become of the body of a POST to /Users.
type Check struct {
	Payload json.RawMessage `json:"payload"`
	Groups  []string        `json:"groups,omitempty"`  // names of groups that the user is taken to be in
	Mapping *config.Mapping `json:"mapping,omitempty"` // in place of the one in effect
	Values  bool            `json:"values,omitempty"`  // also values of the user
}

// Explanation is every rule that a payload passes, in order.
type Explanation struct {
	Tolerances []tolerance.Rule `json:"tolerances,omitempty"` // deviations from the RFCs that were let pass
	Document   json.RawMessage  `json:"document,omitempty"`   // as it would be stored
	Refused    *Refusal         `json:"refused,omitempty"`    // what the identity provider would be answered
	Steps      []mapping.Step   `json:"steps,omitempty"`
	Fields     json.RawMessage  `json:"fields,omitempty"`
	Role       string           `json:"role,omitempty"`
	Member     string           `json:"member"` // what would become of the member
}

// Refusal is an error to the identity provider.
type Refusal struct {
	Status   int          `json:"status"`
	ScimType scimerr.Type `json:"scimType,omitempty"`
	Detail   string       `json:"detail"`
	Reason   string       `json:"reason,omitempty"` // of the mapping
	masked   string       // Detail without values of the user
}

func (h *handler) checkPayload(w http.ResponseWriter, r *http.Request, tenant string) error {
	v, ok := h.Tenants.View(tenant)
	if !ok {
		return notNow(tenant)
	}
	var in Check
	if err := decode(w, r, &in); err != nil {
		return err
	}
	x, err := explain(r, v, in)
	if err != nil {
		return err
	}
	if !in.Values {
		x.Document, x.Fields = nil, nil
		if x.Refused != nil {
			x.Refused.Detail = x.Refused.masked
		}
		for i, s := range x.Steps {
			x.Steps[i] = s.Masked()
		}
	}
	return newLines(w).write(x)
}

func explain(r *http.Request, v View, in Check) (x Explanation, err error) {
	doc, tol, err := v.canonical(in.Payload)
	x.Tolerances = tol.Applied()
	if e, ok := errors.AsType[*scimerr.Error](err); ok {
		x.Refused, x.Member = &Refusal{Status: e.Status, ScimType: e.ScimType, Detail: e.Detail, masked: e.Loggable()}, "none: the request is refused"
		return x, nil
	}
	if err != nil {
		return x, err
	}
	x.Document = doc.AppendJSON(nil)
	if v.Members == nil {
		x.Member = "none: the tenant is a plain directory"
		return x, nil
	}
	program, err := v.program(in.Mapping)
	if err != nil {
		return x, err
	}
	x.mapped(v, doc, program.Explain(r.Context(), mapping.Input{User: doc, Groups: in.Groups}))
	return x, nil
}

// canonical is the payload as the directory would store it.
func (v View) canonical(payload []byte) (*resource.Object, *tolerance.Log, error) {
	tol := v.Directory.Tolerances()
	body, err := resource.Decode(payload, resource.Limits{})
	if err != nil {
		return nil, tol, err
	}
	doc, err := directory.Draft(v.Directory, store.TypeUser, body, tol)
	return doc, tol, err
}

// program is the mapping that was given, else the one in effect.
func (v View) program(m *config.Mapping) (*mapping.Program, error) {
	if m != nil {
		_, p, err := v.with(m)
		return p, err
	}
	p, ok := v.Members.Mapper.(*mapping.Program)
	if !ok {
		return nil, problem(http.StatusConflict, "the mapping in effect cannot be explained")
	}
	return p, nil
}

// mapped takes in what the mapping says.
func (x *Explanation) mapped(v View, doc *resource.Object, out mapping.Outcome) {
	x.Steps = out.Steps
	life := v.Members.Lifecycle
	if no := out.Rejection; no != nil {
		x.Refused = &Refusal{Status: http.StatusBadRequest, ScimType: scimerr.BadValue, Detail: no.Detail, Reason: string(no.Reason), masked: no.Summary}
		x.Member = "none: the request is refused"
		return
	}
	x.Fields, x.Role = mapping.AppendFieldsJSON(nil, out.Fields), out.Role
	if life.OnCreate.Role != "" {
		x.Role = life.OnCreate.Role
	}
	switch {
	case !doc.Value("active").Bool():
		x.Member = "none until the user is active"
	case life.OnCreate.Action == config.None:
		x.Member = "none: onCreate is None"
	default:
		x.Member = "created, unless another member has a unique value of it"
	}
}
