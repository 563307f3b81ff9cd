package schema

// EnterpriseUserID is the URN of the enterprise extension of User.
const EnterpriseUserID = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

// What a manager is called, and where, is worked out for each answer.
var (
	managerRef  = reference("$ref", "URL of the manager's User resource.", "User")
	managerName = readOnly(text("displayName", "Name of the manager."))
)

// enterpriseSchema is RFC 7643 §4.3, §8.7.1.
var enterpriseSchema = newSchema(EnterpriseUserID, "EnterpriseUser", "Enterprise User", true,
	text("employeeNumber", "Number or code of the user in the organization."),
	text("costCenter", "Name of the cost center."),
	text("organization", "Name of the organization."),
	text("division", "Name of the division."),
	text("department", "Name of the department."),
	complexOf("manager", "Manager of the user.",
		exact("value", "Identifier of the manager's User resource."),
		managerRef,
		managerName,
	),
)
