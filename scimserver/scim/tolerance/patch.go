package tolerance

// Rules for PATCH requests.
const (
	PatchOpCase            Rule = "patch-op-case"
	PatchMissingSchemas    Rule = "patch-missing-schemas"
	PatchUnknownMember     Rule = "patch-unknown-member"
	PatchWithoutPath       Rule = "patch-without-path"
	PatchPathKey           Rule = "patch-path-as-key"
	PatchReadOnlyEcho      Rule = "patch-read-only-echo"
	PatchUnknownExtension  Rule = "patch-unknown-extension"
	PatchBareExtension     Rule = "patch-bare-extension-attribute"
	PatchURNDot            Rule = "patch-dot-behind-urn"
	PatchCreateForFilter   Rule = "patch-create-for-filter"
	PatchKeepFilter        Rule = "patch-keep-filter-values"
	PatchRemoveAbsent      Rule = "patch-remove-absent"
	PatchRemoveValues      Rule = "patch-remove-values"
	PatchSingleFilter      Rule = "patch-filter-on-single"
	PatchEmpty             Rule = "patch-empty"
	PatchMissingValue      Rule = "patch-missing-value"
	PatchMemberByFilter    Rule = "patch-member-by-filter"
	PatchMembersOfScim1    Rule = "patch-members-of-scim1"
	PatchOperationsAsValue Rule = "patch-operations-as-object"
)

const inPatch = "patch"

var patchRules = []Info{
	{PatchOpCase, "Entra ID", "op as Add, Replace, Remove; read in any case", inPatch},
	{PatchMissingSchemas, "none in particular", "schemas is missing or not that of PatchOp; Operations are read all the same", inPatch},
	{PatchUnknownMember, "none in particular", "an operation with members besides op, path and value; they are left out", inPatch},
	{PatchWithoutPath, "Okta, Entra ID, JumpCloud, SailPoint, authentik", "add or replace without path; each attribute of the value is one operation, in the order sent", inPatch},
	{PatchPathKey, "Entra ID (aadOptscim062020)", "a path as key of a path-less value: name.givenName, urn:…:User:department, emails[type eq \"work\"].value", inPatch},
	{PatchReadOnlyEcho, "Okta, authentik", "id, meta, groups or another readOnly attribute in a path-less value; it is left out", inPatch},
	{PatchUnknownExtension, "Entra ID", "a path qualified by a URN that is not in force, or whose extension lacks the attribute; the operation is left out", inPatch},
	{PatchBareExtension, "Entra ID", "an attribute of an extension without its URN, as manager; found if one extension has it", inPatch},
	{PatchURNDot, "none in particular", "a dot between URN and attribute, urn:…:User.department; read as the colon that belongs there", inPatch},
	{PatchCreateForFilter, "Entra ID", "add or replace with a value filter nothing matches; an element is made from the filter", inPatch},
	{PatchKeepFilter, "none in particular", "replace of an element by a value without what the filter selects on, as type; that is kept", inPatch},
	{PatchRemoveAbsent, "none in particular", "remove with a value filter nothing matches; success without a change", inPatch},
	{PatchRemoveValues, "Entra ID, JumpCloud", "remove with a list in value; only the elements listed are removed", inPatch},
	{PatchSingleFilter, "Entra ID", "a value filter on an attribute that is not multi-valued; it selects the one value", inPatch},
	{PatchEmpty, "Entra ID (validator)", "an empty list of operations; success without a change", inPatch},
	{PatchMissingValue, "none in particular", "replace without value, read as remove; add without value, which does nothing", inPatch},
	{PatchMemberByFilter, "clients of Bitwarden", `add with path members[value eq "id"]; the member is added`, inPatch},
	{PatchMembersOfScim1, "OneLogin (SCIM 1.1)", `a body of SCIM 1.1, {"members":[{"value":"id","operation":"delete"}]}; read as add and remove of members`, inPatch},
	{PatchOperationsAsValue, "none in particular", "Operations as one object; read as the only operation", inPatch},
}
