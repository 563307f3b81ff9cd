package schema

// UserID is the URN of the User schema.
const UserID = "urn:ietf:params:scim:schemas:core:2.0:User"

// groups is shared by every User schema, so that code can tell it by identity.
var groups = readOnly(many(complexOf("groups", "Groups the user is a member of, directly or through other groups.",
	exact("value", "Identifier of the group."),
	reference("$ref", "URL of the group.", "User", "Group"),
	text("display", "Name of the group."),
	suggest(text("type", "How the user is a member."), "direct", "indirect"),
)))

// userSchema is RFC 7643 §4.1, §8.7.1. Where groups are switched off, the attribute groups is not there.
func userSchema(withGroups bool) *Schema {
	attributes := append(identity(), contacts()...)
	if withGroups {
		attributes = append(attributes, groups)
	}
	attributes = append(attributes, rights()...)
	return newSchema(UserID, "User", "User Account", false, attributes...)
}

func identity() []*Attribute {
	return []*Attribute{
		required(unique(text("userName", "Name by which the user signs in, unique across the service provider; never empty."))),
		complexOf("name", "Components of the user's name.",
			text("formatted", "Full name, as it is shown."),
			text("familyName", "Family name, last name."),
			text("givenName", "Given name, first name."),
			text("middleName", "Middle names."),
			text("honorificPrefix", "Title before the name, as 'Ms.'."),
			text("honorificSuffix", "Suffix behind the name, as 'III'."),
		),
		text("displayName", "Name of the user for display."),
		text("nickName", "Casual name of the user."),
		reference("profileUrl", "URL of the user's online profile.", "external"),
		text("title", "Title in the organization, as 'Vice President'."),
		text("userType", "Relationship to the organization, as 'Employee' or 'Contractor'."),
		text("preferredLanguage", "Preferred languages, as in the HTTP header Accept-Language."),
		text("locale", "Locale for the display of dates, numbers and currencies, as 'en-US'."),
		text("timezone", "Time zone of the IANA database, as 'America/Los_Angeles'."),
		flag("active", "Whether the user may sign in."),
		{Name: "password", Type: String, CaseExact: true, Mutability: WriteOnly, Returned: Never,
			Description: "Clear text password; it is never returned."},
	}
}

func contacts() []*Attribute {
	return []*Attribute{
		plural("emails", "E-mail addresses.", text("value", "E-mail address."), "work", "home", "other"),
		plural("phoneNumbers", "Phone numbers.", text("value", "Phone number, as RFC 3966 writes it."),
			"work", "home", "mobile", "fax", "pager", "other"),
		plural("ims", "Instant messaging addresses.", text("value", "Instant messaging address."),
			"aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"),
		plural("photos", "Photos of the user.", reference("value", "URL of the photo.", "external"), "photo", "thumbnail"),
		many(complexOf("addresses", "Postal addresses.",
			text("formatted", "Full address, as on a mailing label; it may contain newlines."),
			text("streetAddress", "Street, house number, post office box; it may contain newlines."),
			text("locality", "City."),
			text("region", "State or region."),
			text("postalCode", "Postal code."),
			text("country", "Country, as ISO 3166-1 alpha-2 writes it."),
			suggest(text("type", "Function of the address."), "work", "home", "other"),
			flag("primary", "Whether this is the preferred address; true for at most one."),
		)),
	}
}

// usualTypes are those of RFC 7643 §2.4, for attributes whose own section names none.
var usualTypes = []string{"work", "home", "other"}

func rights() []*Attribute {
	certificate := &Attribute{Name: "value", Type: Binary, CaseExact: true, Description: "X.509 certificate, DER in base64."}
	return []*Attribute{
		plural("entitlements", "Entitlements of the user.", text("value", "Entitlement."), usualTypes...),
		plural("roles", "Roles of the user.", text("value", "Role."), usualTypes...),
		plural("x509Certificates", "Certificates issued to the user.", certificate, usualTypes...),
	}
}

// plural is a multi-valued attribute with the sub-attributes of RFC 7643 §2.4.
func plural(name, description string, value *Attribute, types ...string) *Attribute {
	return many(complexOf(name, description, value,
		text("display", "Value for display."),
		suggest(text("type", "Function of the value."), types...),
		flag("primary", "Whether this is the preferred value; true for at most one."),
	))
}
