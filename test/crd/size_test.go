package crd

import (
	"fmt"
	"testing"

	scimv1alpha1 "github.com/scim-operator/scim-operator/api/v1alpha1"
)

// The largest lists that the schema permits stay within what the API server spends on rules for one object.
func TestLargestTenantIsAccepted(t *testing.T) {
	t.Parallel()
	const extensions, attributes, subAttributes, mappings = 8, 64, 12, 16
	tenant := &scimv1alpha1.SCIMTenant{}
	tenant.Namespace, tenant.Name = newNamespace(t), "largest"
	tenant.Spec.ApplicationRef = &scimv1alpha1.ObjectReference{Name: "app"}
	for i := range mappings {
		tenant.Spec.MappingRefs = append(tenant.Spec.MappingRefs, scimv1alpha1.LocalReference{Name: fmt.Sprintf("%0250d", i)})
	}
	for i := range extensions {
		extension := scimv1alpha1.SchemaExtension{ID: fmt.Sprintf("urn:acme:%0240d", i)}
		for j := range attributes {
			attribute := scimv1alpha1.SchemaAttribute{SimpleAttribute: longAttribute(j, scimv1alpha1.AttributeComplex)}
			for k := range subAttributes {
				attribute.SubAttributes = append(attribute.SubAttributes, longAttribute(k, scimv1alpha1.AttributeString))
			}
			extension.Attributes = append(extension.Attributes, attribute)
		}
		tenant.Spec.SchemaExtensions = append(tenant.Spec.SchemaExtensions, extension)
	}
	if err := k8s.Create(t.Context(), tenant); err != nil {
		t.Errorf("a tenant with %d extensions of %d attributes of %d sub-attributes: %.2000v", extensions, attributes, subAttributes, err)
	}
}

func longAttribute(i int, kind scimv1alpha1.AttributeType) scimv1alpha1.SimpleAttribute {
	return scimv1alpha1.SimpleAttribute{Name: fmt.Sprintf("a%063d", i), Type: kind}
}
