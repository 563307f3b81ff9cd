package v1alpha1

// SchemaExtension is a custom schema of users or groups (RFC 7643 section 3.3).
type SchemaExtension struct {
	// id is the schema's URN, such as urn:ietf:params:scim:schemas:extension:CustomExtensionName:2.0:User.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
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
type SchemaAttribute struct {
	SimpleAttribute `json:",inline"`

	// subAttributes of an attribute of type Complex.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	SubAttributes []SimpleAttribute `json:"subAttributes,omitempty"`
}

// SimpleAttribute is an attribute without subAttributes.
type SimpleAttribute struct {
	// name of the attribute; upper and lower case are the same.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
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
