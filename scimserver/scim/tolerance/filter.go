package tolerance

// Rules for filters and sortBy.
const (
	FilterBooleanString Rule = "filter-boolean-as-string"
	FilterLiteralType   Rule = "filter-literal-type"
	FilterValuePathSub  Rule = "filter-value-path-sub"
	FilterComplexValue  Rule = "filter-complex-value"
	FilterBareExtension Rule = "filter-bare-extension-attribute"
	FilterSinglePath    Rule = "filter-value-path-on-single"
	FilterSimpleValue   Rule = "filter-value-of-simple"
	FilterDateForm      Rule = "filter-date-form"
	FilterLegacyURN     Rule = "filter-legacy-urn"
	FilterURNDot        Rule = "filter-dot-behind-urn"
	FilterMissingBlank  Rule = "filter-missing-blank"
)

const inFilter = "filter"

var filterRules = []Info{
	{FilterBooleanString, "Entra ID", `a boolean compared with a string, roles[primary eq "True"]; read as the boolean`, inFilter},
	{FilterLiteralType, "none in particular", "a literal of another type, as a number for a string; its text is read as the attribute's type", inFilter},
	{FilterValuePathSub, "Entra ID", `a sub-attribute behind a value filter, emails[type eq "work"].value eq "…"; read as one value filter`, inFilter},
	{FilterComplexValue, "Entra ID", `a complex attribute compared, manager eq "…"; its sub-attribute value is compared`, inFilter},
	{FilterBareExtension, "Entra ID", "an attribute of an extension without its URN, as manager; found if one extension has it", inFilter},
	{FilterSinglePath, "none in particular", "a value filter on a complex attribute that is not multi-valued; it looks at the one value", inFilter},
	{FilterSimpleValue, "none in particular", `value for the elements of a simple multi-valued attribute, tags[value eq "…"]`, inFilter},
	{FilterDateForm, "none in particular", "a date without a time; read as midnight UTC", inFilter},
	{FilterLegacyURN, "none in particular", "a URN of SCIM 1.1 or without ietf:params; the schema in force is taken", inFilter},
	{FilterURNDot, "none in particular", "a dot between URN and attribute, urn:…:User.department; read as the colon that belongs there", inFilter},
	{FilterMissingBlank, "an example of RFC 7644 §3.5.2.2", `no blank between operator and string, value eq"…"; read as if it were there`, inFilter},
}
