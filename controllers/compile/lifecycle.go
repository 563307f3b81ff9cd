package compile

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// lifecycle is what the tenant says, completed by defaults.
func lifecycle(t *v1alpha1.SCIMTenant) config.Lifecycle {
	out := config.DefaultLifecycle()
	out.BrakeRelease = release(t)
	l := t.Spec.Lifecycle
	if l == nil {
		return out
	}
	if l.OnCreate != nil {
		out.OnCreate = config.CreatePolicy{Action: orText(l.OnCreate.Action, v1alpha1.CreateActionCreate), Role: string(l.OnCreate.Role)}
	}
	out.OnDeactivate = offboarding(l.OnDeactivate, out.OnDeactivate)
	out.OnReactivate = reactivation(l.OnReactivate)
	out.OnDelete = offboarding(l.OnDelete, out.OnDelete)
	out.ExistingMember = orText(l.ExistingMember, v1alpha1.ExistingMemberReject)
	if l.Brake != nil {
		out.Brake = &config.Brake{Max: int(l.Brake.MaxOffboardings), Per: l.Brake.Per.Duration}
	}
	return out
}

func offboarding(p *v1alpha1.OffboardingPolicy, otherwise config.Offboarding) config.Offboarding {
	if p == nil {
		return otherwise
	}
	return config.Offboarding{
		Action: p.Action, Parameters: parameters(p.Parameters), WhenRefused: orText(p.WhenRefused, v1alpha1.RefusalReject),
	}
}

// reactivation is left out where it is the default, which servers of earlier releases know.
func reactivation(p *v1alpha1.ReactivationPolicy) config.Reactivation {
	if p == nil || p.Action == v1alpha1.ReactivationReactivate {
		return config.Reactivation{}
	}
	return config.Reactivation{Action: p.Action, Parameters: parameters(p.Parameters)}
}

func parameters(values map[string]v1alpha1.ParameterValue) map[string]string {
	var out map[string]string
	for name, value := range values {
		if out == nil {
			out = map[string]string{}
		}
		out[name] = string(value)
	}
	return out
}

// maxRelease is the length up to which the annotation's value is passed on as it is.
const maxRelease = 64

// release is the value that releases the brake, "" if nobody has asked for it. Values may be of any length, and empty.
func release(t *v1alpha1.SCIMTenant) string {
	value, ok := t.Annotations[v1alpha1.AnnotationReleaseBrake]
	if !ok {
		return ""
	}
	if len(value) > maxRelease {
		sum := sha256.Sum256([]byte(value))
		value = hex.EncodeToString(sum[:])
	}
	return "=" + value
}

// lifecycleFinding tells whether the application has the actions, parameters and roles that the tenant names.
func lifecycleFinding(l config.Lifecycle, a *config.Application) Finding {
	if role := l.OnCreate.Role; role != "" && !slices.Contains(a.Roles, role) {
		return found(v1alpha1.ReasonInvalid, "spec.lifecycle.onCreate.role: SCIMApplication %s has no role %q; %s", a.Name, role, oneOf(role, a.Roles, "roles"))
	}
	if f := offboardingFinding("spec.lifecycle.onDeactivate", l.OnDeactivate, a); !f.OK() {
		return f
	}
	if r := l.OnReactivate; r.Action != "" && r.Action != config.None {
		if f := actionFinding("spec.lifecycle.onReactivate", r.Action, r.Parameters, a, config.Reactivate, config.None); !f.OK() {
			return f
		}
	}
	return offboardingFinding("spec.lifecycle.onDelete", l.OnDelete, a)
}

func offboardingFinding(field string, o config.Offboarding, a *config.Application) Finding {
	if o.Action == config.Deactivate || o.Action == config.Remove || o.Action == config.None {
		return Finding{}
	}
	return actionFinding(field, o.Action, o.Parameters, a, config.Deactivate, config.Remove, config.None)
}

// actionFinding tells whether the application has the action, with these parameters. builtIn are what could stand in its place.
func actionFinding(field, name string, values map[string]string, a *config.Application, builtIn ...string) Finding {
	i := slices.IndexFunc(a.Actions, func(x config.Action) bool { return x.Name == name })
	if i < 0 {
		names := builtIn
		for _, x := range a.Actions {
			names = append(names, x.Name)
		}
		return found(v1alpha1.ReasonInvalid, "%s.action: SCIMApplication %s has no action %s; %s", field, a.Name, name, oneOf(name, names, "actions"))
	}
	return parametersFinding(field+".parameters", values, a.Actions[i])
}

func parametersFinding(field string, values map[string]string, action config.Action) Finding {
	var names []string
	for _, p := range action.Parameters {
		names = append(names, p.Name)
		if p.Required && values[p.Name] == "" {
			return found(v1alpha1.ReasonInvalid, "%s: action %s needs the parameter %s; give it a value", field, action.Name, p.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(names, name) {
			return found(v1alpha1.ReasonInvalid, "%s: action %s has no parameter %s; %s", field, action.Name, name, oneOf(name, names, "parameters"))
		}
	}
	return Finding{}
}

// maxNames that a message lists.
const maxNames = 12

// oneOf says what to write in place of a name that isn't there.
func oneOf(name string, names []string, what string) string {
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return fmt.Sprintf("write %s", n)
		}
	}
	if len(names) == 0 {
		return "it has no " + what
	}
	if n := len(names) - maxNames; n > 0 {
		return fmt.Sprintf("its %s are %s and %d more", what, strings.Join(names[:maxNames], ", "), n)
	}
	return fmt.Sprintf("its %s are %s", what, strings.Join(names, ", "))
}
