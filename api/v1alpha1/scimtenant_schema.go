package v1alpha1

// SchemaExtension is a custom schema of users or groups (RFC 7643 section 3.3).
type SchemaExtension struct {
	// id is the schema's URN, such as urn:ietf:params:scim:schemas:extension:CustomExtensionName:2.0:User.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self.matches('^[uU][rR][nN]:[A-Za-z0-9][A-Za-z0-9-]{1,31}:[A-Za-z0-9._~:-]*[A-Za-z0-9_~-]$')",message="id is a URN, as in urn:ietf:params:scim:schemas:extension:acme:2.0:User"
	// +kubebuilder:validation:XValidation:rule="!self.lowerAscii().startsWith('urn:ietf:params:scim:schemas:core:') && !self.lowerAscii().startsWith('urn:ietf:params:scim:api:') && !self.lowerAscii().startsWith('urn:ietf:params:scim:schemas:extension:enterprise:')",message="this schema is built in; a schemaExtension has an id of its own, as urn:ietf:params:scim:schemas:extension:acme:2.0:User"
	ID string `json:"id"`

	// resource is the resource type that is extended.
	// +optional
	// +kubebuilder:default=User
	Resource ExtendedResource `json:"resource,omitempty"`

	// attributes of the schema.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:XValidation:rule="[self.map(a, a.name.lowerAscii())].all(names, names.all(n, names.indexOf(n) == names.lastIndexOf(n)))",message="two attributes have the same name; upper and lower case are the same"
	Attributes []SchemaAttribute `json:"attributes"`
}

// ExtendedResource is a resource type that can be extended.
// +kubebuilder:validation:Enum=User;Group
type ExtendedResource string

// Values of ExtendedResource.
const (
	ExtendUser  ExtendedResource = "User"
	ExtendGroup ExtendedResource = "Group"
)

// SchemaAttribute is an attribute of a custom schema; its characteristics are those of RFC 7643 section 7.
//
// +kubebuilder:validation:XValidation:rule="(self.type == 'Complex') == (has(self.subAttributes) && size(self.subAttributes) > 0)",message="an attribute of type Complex has subAttributes, others have none"
type SchemaAttribute struct {
	SimpleAttribute `json:",inline"`

	// subAttributes of an attribute of type Complex.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=12
	// +kubebuilder:validation:XValidation:rule="[self.map(a, a.name.lowerAscii())].all(names, names.all(n, names.indexOf(n) == names.lastIndexOf(n)))",message="two subAttributes have the same name; upper and lower case are the same"
	// +kubebuilder:validation:XValidation:rule="self.all(a, a.type != 'Complex')",message="a subAttribute cannot be Complex itself (RFC 7643 section 2.3.8)"
	SubAttributes []SimpleAttribute `json:"subAttributes,omitempty"`
}

// SimpleAttribute is an attribute without subAttributes.
//
// +kubebuilder:validation:XValidation:rule="!has(self.required) || !self.required || self.mutability != 'ReadOnly'",message="a ReadOnly attribute cannot be required, because clients cannot give it",fieldPath=".required"
// +kubebuilder:validation:XValidation:rule="self.mutability != 'WriteOnly' || self.returned == 'Never'",message="a WriteOnly attribute has returned: Never",fieldPath=".returned"
// +kubebuilder:validation:XValidation:rule="self.uniqueness != 'Server' || !((has(self.multiValued) && self.multiValued) || self.type in ['Boolean', 'Binary', 'Complex'])",message="uniqueness: Server is for single values of type String, Integer, Decimal, DateTime or Reference",fieldPath=".uniqueness"
// +kubebuilder:validation:XValidation:rule="!has(self.canonicalValues) || self.type in ['String', 'Reference']",message="canonicalValues are for type String or Reference",fieldPath=".canonicalValues"
type SimpleAttribute struct {
	// name of the attribute; upper and lower case are the same.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z][A-Za-z0-9$_-]*$')",message="an attribute name has letters, digits, '$', '-' and '_', and begins with a letter (RFC 7643 section 2.1)"
	Name string `json:"name"`

	// type of the value.
	// +optional
	// +kubebuilder:default=String
	Type AttributeType `json:"type,omitempty"`

	// description for people.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Description string `json:"description,omitempty"`

	// multiValued: the attribute is a list.
	// +optional
	MultiValued bool `json:"multiValued,omitempty"`

	// required: a resource with this schema must have a value.
	// +optional
	Required bool `json:"required,omitempty"`

	// caseExact: values are compared with regard to case.
	// +optional
	CaseExact bool `json:"caseExact,omitempty"`

	// mutability of the attribute.
	// +optional
	// +kubebuilder:default=ReadWrite
	Mutability Mutability `json:"mutability,omitempty"`

	// returned says when the attribute is part of an answer.
	// +optional
	// +kubebuilder:default=Default
	Returned Returned `json:"returned,omitempty"`

	// uniqueness of the value within the tenant.
	// +optional
	// +kubebuilder:default=None
	Uniqueness Uniqueness `json:"uniqueness,omitempty"`

	// canonicalValues are suggested values, as type has work and home.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=64
	CanonicalValues []CanonicalValue `json:"canonicalValues,omitempty"`
}

// CanonicalValue is a suggested value of an attribute.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=128
type CanonicalValue string

// AttributeType is the data type of an attribute (RFC 7643 section 2.3).
// +kubebuilder:validation:Enum=String;Boolean;Integer;Decimal;DateTime;Reference;Binary;Complex
type AttributeType string

// Values of AttributeType.
const (
	AttributeString    AttributeType = "String"
	AttributeBoolean   AttributeType = "Boolean"
	AttributeInteger   AttributeType = "Integer"
	AttributeDecimal   AttributeType = "Decimal"
	AttributeDateTime  AttributeType = "DateTime"
	AttributeReference AttributeType = "Reference"
	AttributeBinary    AttributeType = "Binary"
	AttributeComplex   AttributeType = "Complex"
)

// Mutability says who may write an attribute.
// +kubebuilder:validation:Enum=ReadWrite;ReadOnly;Immutable;WriteOnly
type Mutability string

// Values of Mutability.
const (
	MutabilityReadWrite Mutability = "ReadWrite"
	MutabilityReadOnly  Mutability = "ReadOnly"
	MutabilityImmutable Mutability = "Immutable"
	MutabilityWriteOnly Mutability = "WriteOnly"
)

// Returned says when an attribute is part of an answer.
// +kubebuilder:validation:Enum=Always;Never;Default;Request
type Returned string

// Values of Returned.
const (
	ReturnedAlways  Returned = "Always"
	ReturnedNever   Returned = "Never"
	ReturnedDefault Returned = "Default"
	ReturnedRequest Returned = "Request"
)

// Uniqueness says whether two resources may have the same value.
// +kubebuilder:validation:Enum=None;Server
type Uniqueness string

// Values of Uniqueness.
const (
	UniquenessNone   Uniqueness = "None"
	UniquenessServer Uniqueness = "Server"
)
