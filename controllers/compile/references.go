package compile

import (
	"fmt"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/credentials"
)

// References are the objects, besides its server, that a tenant refers to.
type References struct {
	// Application is nil if the tenant names none, or there is none of that name.
	Application *Application
	// ApplicationOutside: the operator does not watch the application's namespace, and cannot know whether there is one.
	ApplicationOutside bool
	// Mappings of the tenant's namespace by name; what is missing does not exist.
	Mappings map[string]*v1alpha1.SCIMMapping
	// Rules remember what compiles; nil: nothing is remembered.
	Rules *Rules
}

// Application is a SCIMApplication with what belongs to it.
type Application struct {
	Object *v1alpha1.SCIMApplication
	// Finding tells whether the application is accepted.
	Finding Finding
	// SigningKeys are those of its webhook's Secret.
	SigningKeys []string
	// Feed are its feed credentials; nil: there are none yet.
	Feed *credentials.Facts
}

// ApplicationKey is namespace/name of the application that a tenant names, "" if it names none.
func ApplicationKey(t *v1alpha1.SCIMTenant) string {
	if t.Spec.ApplicationRef == nil {
		return ""
	}
	return t.Spec.ApplicationRef.NamespaceOr(t.Namespace) + "/" + t.Spec.ApplicationRef.Name
}

// allowedByApplication is about the decision of the application's owner. One that is missing decides nothing.
func allowedByApplication(t *v1alpha1.SCIMTenant, refs References, namespaceLabels map[string]string) Finding {
	if refs.Application == nil || t.Spec.ApplicationRef == nil {
		return Finding{}
	}
	a, key := refs.Application.Object, ApplicationKey(t)
	ok, err := Allows(a.Spec.AllowedTenants, a.Namespace, t.Namespace, namespaceLabels)
	if err != nil {
		return found(v1alpha1.ReasonNotAllowedByApplication, "SCIMApplication %s: spec.allowedTenants.namespaces.selector: %v", key, err)
	}
	if !ok {
		return found(v1alpha1.ReasonNotAllowedByApplication, "SCIMApplication %s does not allow tenants of namespace %s; extend its spec.allowedTenants, or name another application",
			key, t.Namespace)
	}
	return Finding{}
}

// resolved tells whether what the tenant refers to exists and is valid by itself.
func resolved(t *v1alpha1.SCIMTenant, refs References) Finding {
	if t.Spec.ApplicationRef == nil {
		return withoutApplication(t)
	}
	if refs.ApplicationOutside {
		return found(v1alpha1.ReasonApplicationNotFound, "the operator does not watch the namespace of SCIMApplication %s; let it (--watch-namespaces), or correct spec.applicationRef",
			ApplicationKey(t))
	}
	if refs.Application == nil {
		return found(v1alpha1.ReasonApplicationNotFound, "there is no SCIMApplication %s; create it, or correct spec.applicationRef", ApplicationKey(t))
	}
	for i, ref := range t.Spec.MappingRefs {
		if refs.Mappings[ref.Name] == nil {
			return found(v1alpha1.ReasonMappingNotFound, "spec.mappingRefs[%d]: there is no SCIMMapping %s in namespace %s; create it, or remove the reference", i, ref.Name, t.Namespace)
		}
	}
	if f := refs.Application.Finding; !f.OK() {
		return found(f.Reason, "SCIMApplication %s is not accepted: %s", ApplicationKey(t), f.Message)
	}
	return Finding{}
}

// withoutApplication is for manifests that reach no API server, and objects of an earlier version of the API.
func withoutApplication(t *v1alpha1.SCIMTenant) Finding {
	if len(t.Spec.MappingRefs) > 0 {
		return found(v1alpha1.ReasonInvalid, "spec.mappingRefs need spec.applicationRef; give it, or remove them")
	}
	if t.Spec.Lifecycle != nil {
		return found(v1alpha1.ReasonInvalid, "spec.lifecycle needs spec.applicationRef; give it, or remove spec.lifecycle")
	}
	return Finding{}
}

// asError is the finding as an error, nil if nothing was found.
func (f Finding) asError() error {
	if f.OK() {
		return nil
	}
	return fmt.Errorf("%s", f.Message)
}
