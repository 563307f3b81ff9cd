package tolerance

// Rules for the body of POST and PUT, and for the values of PATCH.
const (
	BooleanString      Rule = "boolean-as-string"
	NumberString       Rule = "number-as-string"
	StringScalar       Rule = "string-as-scalar"
	ScalarInArray      Rule = "scalar-in-array"
	ValueForArray      Rule = "value-for-array"
	ScalarForComplex   Rule = "scalar-for-complex"
	JSONInString       Rule = "json-in-string"
	EmptyString        Rule = "empty-string"
	UnknownAttribute   Rule = "unknown-attribute"
	UnknownSchema      Rule = "unknown-schema"
	MissingSchemas     Rule = "missing-schemas"
	LegacyURN          Rule = "legacy-urn"
	LegacyManager      Rule = "legacy-manager"
	DisplayName        Rule = "display-name-for-display"
	ExtensionNotListed Rule = "extension-not-listed"
	QualifiedKey       Rule = "qualified-key"
	CoreUnderURN       Rule = "core-under-urn"
	SeveralPrimaries   Rule = "several-primaries"
	ElementEmpty       Rule = "element-without-value"
	ReferenceText      Rule = "reference-not-a-uri"
	BinaryForm         Rule = "binary-form"
	DateForm           Rule = "date-form"
	MemberByReference  Rule = "member-by-reference"
)

const inBody = "body"

var bodyRules = []Info{
	{BooleanString, "Entra ID, OneLogin, Keycloak", `a boolean as "True", "true", "False" or "false"; read as the boolean`, inBody},
	{NumberString, "Entra ID", `a number as a string, "5"; read as the number`, inBody},
	{StringScalar, "none in particular", "a number or boolean where a string belongs; its text is taken", inBody},
	{ScalarInArray, "SCIM-SDK up to 1.33 (Keycloak), Entra ID", `one value in an array, ["de"], where a single value belongs; the array is taken off`, inBody},
	{ValueForArray, "OneLogin", "one value, as emails:{…}, where an array belongs; it becomes the only element", inBody},
	{ScalarForComplex, "Entra ID", "a plain string for a complex attribute, as the manager's id; it becomes the sub-attribute value", inBody},
	{JSONInString, "Entra ID (AppRoleAssignmentsComplex), SCIM-SDK up to 1.33", "JSON within a string, as a role in roles[].value; it is read as JSON", inBody},
	{EmptyString, "Entra ID, OneLogin", `an empty string, which means that there is no value; the attribute is unassigned`, inBody},
	{UnknownAttribute, "all", "an attribute no schema in force has; it is left out", inBody},
	{UnknownSchema, "Entra ID, OneLogin", "a URN in schemas that is not in force; it is left out", inBody},
	{MissingSchemas, "OneLogin", "schemas is missing or lacks the core schema; the endpoint's is taken", inBody},
	{LegacyURN, "OneLogin", "a URN of SCIM 1.1 or without ietf:params; the schema in force is taken", inBody},
	{LegacyManager, "OneLogin", "the manager's id as managerId, of SCIM 1.1; taken as value", inBody},
	{DisplayName, "Entra ID", "displayName within an element, where display belongs; taken as display", inBody},
	{ExtensionNotListed, "Entra ID", "an extension whose URN is not in schemas; it is taken all the same", inBody},
	{QualifiedKey, "none in particular", "a key of URN and attribute, urn:…:User:department; taken as the attribute", inBody},
	{CoreUnderURN, "none in particular", "core attributes in an object under the URN of the core schema; taken as if they were outside", inBody},
	{SeveralPrimaries, "PingOne", "several values with primary true; the first stays primary", inBody},
	{ElementEmpty, "Entra ID, OneLogin", "an element such as an e-mail address that lacks its value; it is left out", inBody},
	{ReferenceText, "none in particular", "a reference that is no URI; kept as it is", inBody},
	{BinaryForm, "none in particular", "base64 with blanks or line breaks, without padding or of the URL alphabet; stored in the standard form", inBody},
	{DateForm, "none in particular", "a date without a time, or a blank for the T; read as UTC", inBody},
	{MemberByReference, "none in particular", "a member with $ref and no value; the last segment of the URL is the id", inBody},
}
