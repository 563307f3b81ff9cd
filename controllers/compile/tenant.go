package compile

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

// TenantFacts is what a tenant is judged by.
type TenantFacts struct {
	Tenant *v1alpha1.SCIMTenant
	// Server on which it wants to run, nil if there is none. A tenant's own server need not exist yet.
	Server *v1alpha1.SCIMServer
	// ServerOutside: the operator does not watch the server's namespace, and cannot know whether there is one.
	ServerOutside bool
	// NamespaceLabels are those of the tenant's namespace.
	NamespaceLabels map[string]string
	// BoundTo is namespace/name of the existing server that has the tenant's data, "" if none has.
	BoundTo string
	// OutOfReach: that server is another one than the tenant names, and in a namespace that the operator does not watch.
	OutOfReach bool
	// Taken tells why the operator cannot make an object that the tenant needs, "" if it can.
	Taken string
	// Leaving tells which object of an earlier time has to go first, "" if none has.
	Leaving string
	// Credentials is what is wrong with the Secret of a token that the admin brings.
	Credentials Finding
	// References are what the tenant refers to.
	References References
}

// Tenant tells whether the tenant is accepted. What the owners of server and application decide comes first: the rest of a
// tenant's spec must not hide it.
func Tenant(f TenantFacts) Finding {
	return first(f, serverFound, allowed,
		func(f TenantFacts) Finding { return allowedByApplication(f.Tenant, f.References, f.NamespaceLabels) },
		reachable, ownership,
		func(f TenantFacts) Finding { return resolved(f.Tenant, f.References) },
		entryValid,
		func(f TenantFacts) Finding { return f.Credentials })
}

func jwtOf(a *v1alpha1.TenantAuth) []v1alpha1.JWTIssuer {
	if a == nil {
		return nil
	}
	return a.JWT
}

func entryValid(f TenantFacts) Finding {
	if _, err := Entry(f.Tenant, f.References, Tokens{}); err != nil {
		return found(v1alpha1.ReasonInvalid, "%v", err)
	}
	return Finding{}
}

func ownership(f TenantFacts) Finding {
	if f.Leaving != "" {
		return found(v1alpha1.ReasonPending, "%s", f.Leaving)
	}
	if f.Taken == "" {
		return Finding{}
	}
	message := f.Taken + "; rename the tenant or that object"
	if f.Tenant.OwnServer() {
		message += ", or name a SCIMServer in spec.serverRef"
	}
	return found(v1alpha1.ReasonConflict, "%s", message)
}

func serverFound(f TenantFacts) Finding {
	if f.ServerOutside {
		return found(v1alpha1.ReasonServerNotFound, "the operator does not watch the namespace of SCIMServer %s; let it (--watch-namespaces), or correct spec.serverRef",
			ServerKey(f.Tenant))
	}
	if f.Server == nil && !f.Tenant.OwnServer() {
		return found(v1alpha1.ReasonServerNotFound, "there is no SCIMServer %s; create it, or correct spec.serverRef", ServerKey(f.Tenant))
	}
	return Finding{}
}

// reachable refuses a move that the operator cannot see to.
func reachable(f TenantFacts) Finding {
	if !f.OutOfReach {
		return Finding{}
	}
	return found(v1alpha1.ReasonNotImplemented, "the tenant's data are on SCIMServer %[1]s, in a namespace that the operator does not watch, so it cannot move them; "+
		"set spec.serverRef back to %[1]s, or let the operator watch that namespace", f.BoundTo)
}

func allowed(f TenantFacts) Finding {
	if f.Tenant.OwnServer() {
		return Finding{}
	}
	ok, err := Allows(f.Server.Spec.AllowedTenants, f.Server.Namespace, f.Tenant.Namespace, f.NamespaceLabels)
	if err != nil {
		return found(v1alpha1.ReasonNotAllowedByServer, "SCIMServer %s: spec.allowedTenants.namespaces.selector: %v", ServerKey(f.Tenant), err)
	}
	if !ok {
		return found(v1alpha1.ReasonNotAllowedByServer, "SCIMServer %s does not allow tenants of namespace %s; extend its spec.allowedTenants, or name another server",
			ServerKey(f.Tenant), f.Tenant.Namespace)
	}
	return Finding{}
}

// Allows tells whether an object of the namespace home admits tenants of another namespace.
func Allows(a v1alpha1.AllowedTenants, home, namespace string, namespaceLabels map[string]string) (bool, error) {
	switch a.Namespaces.From {
	case v1alpha1.NamespacesFromAll:
		return true, nil
	case v1alpha1.NamespacesFromSelector:
		if a.Namespaces.Selector == nil {
			return false, nil
		}
		selector, err := metav1.LabelSelectorAsSelector(a.Namespaces.Selector)
		return err == nil && selector.Matches(labels.Set(namespaceLabels)), err
	}
	return home == namespace, nil
}

// Key is how a tenant is known to a server: namespace/name.
func Key(t *v1alpha1.SCIMTenant) string { return t.Namespace + "/" + t.Name }

// ServerKey is namespace/name of the server on which a tenant wants to run.
func ServerKey(t *v1alpha1.SCIMTenant) string {
	namespace, name := t.ServerKey()
	return fmt.Sprintf("%s/%s", namespace, name)
}

// Gated tells whether a condition of the tenant's readiness gates is not True, and which one.
func Gated(t *v1alpha1.SCIMTenant) (conditionType string, gated bool) {
	for _, gate := range t.Spec.ReadinessGates {
		if !conditionTrue(t.Status.Conditions, string(gate.ConditionType)) {
			return string(gate.ConditionType), true
		}
	}
	return "", false
}

func conditionTrue(list []metav1.Condition, conditionType string) bool {
	for _, c := range list {
		if c.Type == conditionType {
			return c.Status == metav1.ConditionTrue
		}
	}
	return false
}
