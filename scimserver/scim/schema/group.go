package schema

// GroupID is the URN of the Group schema.
const GroupID = "urn:ietf:params:scim:schemas:core:2.0:Group"

// members is shared, so that code can tell it by identity. Its values are ids, and case exact as those (§3.1).
var members = many(complexOf("members", "Members of the group.",
	immutable(exact("value", "Identifier of the member.")),
	immutable(reference("$ref", "URL of the member.", "User", "Group")),
	immutable(suggest(text("type", "Resource type of the member."), "User", "Group")),
	readOnly(text("display", "Name of the member.")),
))

// groupSchema is RFC 7643 §4.2, §8.7.1; the text of §4.2 makes displayName required.
var groupSchema = newSchema(GroupID, "Group", "Group", false,
	required(text("displayName", "Name of the group for display.")),
	members,
)
