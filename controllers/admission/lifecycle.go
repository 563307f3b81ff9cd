package admission

import (
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

// references checks the objects to which a tenant refers, by name.
func (e *errs) references(t *v1alpha1.SCIMTenant, spec *field.Path) {
	for at, ref := range map[string]*v1alpha1.ObjectReference{"applicationRef": t.Spec.ApplicationRef, "serverRef": t.Spec.ServerRef} {
		if ref == nil {
			continue
		}
		e.reference(ref.Name, spec.Child(at))
		e.check(ref.Namespace == "" || namespaceForm.MatchString(ref.Namespace), spec.Child(at, "namespace"), ref.Namespace,
			"the name of a namespace has lower case letters, digits and '-', and begins and ends with a letter or digit")
	}
	at, seen := spec.Child("mappingRefs"), map[string]bool{}
	e.items(len(t.Spec.MappingRefs), at, 16)
	e.whole(len(t.Spec.MappingRefs) == 0 || t.Spec.ApplicationRef != nil, at,
		"mappingRefs need an applicationRef; a tenant without application is a plain SCIM directory and has no member fields to fill")
	for i, ref := range t.Spec.MappingRefs {
		e.reference(ref.Name, at.Index(i))
		e.whole(!seen[ref.Name], at, "a mapping is listed more than once; remove one of the entries")
		seen[ref.Name] = true
	}
}

func (e *errs) lifecycle(t *v1alpha1.SCIMTenant, at *field.Path) {
	l := t.Spec.Lifecycle
	if l == nil {
		return
	}
	e.whole(t.Spec.ApplicationRef != nil, at,
		"lifecycle needs an applicationRef; a tenant without application is a plain SCIM directory and has no members")
	if c := l.OnCreate; c != nil {
		oneOf(e, c.Action, at.Child("onCreate", "action"), v1alpha1.CreateActionCreate, v1alpha1.CreateActionNone)
		e.length(string(c.Role), at.Child("onCreate", "role"), 128)
		e.whole(c.Role == "" || c.Action != v1alpha1.CreateActionNone, at.Child("onCreate", "role"),
			"with action: None no member is created; remove role, or set action: Create")
	}
	e.offboarding(l.OnDeactivate, at.Child("onDeactivate"))
	e.reactivation(l.OnReactivate, at.Child("onReactivate"))
	e.offboarding(l.OnDelete, at.Child("onDelete"))
	oneOf(e, l.ExistingMember, at.Child("existingMember"), v1alpha1.ExistingMemberReject, v1alpha1.ExistingMemberAdopt)
	if b := l.Brake; b != nil {
		at := at.Child("brake")
		e.required(b.MaxOffboardings != 0, at.Child("maxOffboardings"))
		within(e, &b.MaxOffboardings, at.Child("maxOffboardings"), 0, 1_000_000, "must be 1 to 1000000")
		e.required(b.Per.Duration != 0, at.Child("per"))
		e.whole(b.Per.Duration == 0 || (b.Per.Duration >= time.Minute && b.Per.Duration <= 720*time.Hour), at.Child("per"), "per is at least 1m and at most 720h")
	}
}

var builtInActions = []string{v1alpha1.OffboardingDeactivate, v1alpha1.OffboardingRemove, v1alpha1.OffboardingNone}

func (e *errs) offboarding(o *v1alpha1.OffboardingPolicy, at *field.Path) {
	if o == nil {
		return
	}
	builtIn, lower := slices.Contains(builtInActions, o.Action), strings.ToLower(o.Action)
	action := at.Child("action")
	e.length(o.Action, action, 64)
	e.matches(actionForm, o.Action, action,
		"action is Deactivate, Remove, None, or the name of an action of the application (letters and digits, beginning with a letter)")
	e.check(builtIn || (lower != "deactivate" && lower != "remove" && lower != "none"), action, o.Action, "write Deactivate, Remove and None with a capital letter")
	e.check(lower != "create", action, o.Action, "Create is for onCreate; use Deactivate, Remove, None, or the name of an action of the application")
	e.whole(!builtIn || len(o.Parameters) == 0, at.Child("parameters"),
		"Deactivate, Remove and None take no parameters; remove parameters, or name an action of the application")
	e.parameters(o.Parameters, at.Child("parameters"))
	oneOf(e, o.WhenRefused, at.Child("whenRefused"), v1alpha1.RefusalReject, v1alpha1.RefusalHold)
}

func (e *errs) parameters(values map[string]v1alpha1.ParameterValue, at *field.Path) {
	e.check(len(values) <= 16, at, len(values), "must have at most 16 properties")
	for _, name := range slices.Sorted(maps.Keys(values)) {
		e.length(string(values[name]), at.Key(name), 1024)
	}
}

func (e *errs) reactivation(r *v1alpha1.ReactivationPolicy, at *field.Path) {
	if r == nil {
		return
	}
	builtIn, lower := r.Action == v1alpha1.ReactivationReactivate || r.Action == v1alpha1.ReactivationNone, strings.ToLower(r.Action)
	action := at.Child("action")
	e.length(r.Action, action, 64)
	e.matches(actionForm, r.Action, action,
		"action is Reactivate, None, or the name of an action of the application (letters and digits, beginning with a letter)")
	e.check(builtIn || (lower != "reactivate" && lower != "none"), action, r.Action, "write Reactivate and None with a capital letter")
	e.check(lower != "create" && lower != "deactivate" && lower != "remove", action, r.Action,
		"onReactivate is for who comes back; use Reactivate, None, or the name of an action of the application")
	e.whole(!builtIn || len(r.Parameters) == 0, at.Child("parameters"),
		"Reactivate and None take no parameters; remove parameters, or name an action of the application")
	e.parameters(r.Parameters, at.Child("parameters"))
}
