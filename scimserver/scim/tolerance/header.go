package tolerance

// Rules for the request line and its headers.
const (
	BareAuthorization Rule = "bare-authorization"
	PlainJSON         Rule = "plain-json"
	NoMediaType       Rule = "no-content-type"
	BothProjections   Rule = "attributes-and-excluded"
	FilterElsewhere   Rule = "filter-on-other-methods"
	ParameterCase     Rule = "parameter-case"
)

const inHeader = "header"

var headerRules = []Info{
	{BareAuthorization, "Okta (Header)", "Authorization holds the token without a scheme; it is taken as a bearer token", inHeader},
	{PlainJSON, "OneLogin, Keycloak, older authentik", "a body with Content-Type application/json; read as application/scim+json", inHeader},
	{NoMediaType, "none in particular", "a body without Content-Type; read as application/scim+json", inHeader},
	{BothProjections, "none in particular", "attributes and excludedAttributes in one request, of which RFC 7644 §3.4.2.5 allows one; both apply", inHeader},
	{FilterElsewhere, "none in particular", "a filter in the URL of a POST, PUT, PATCH or DELETE; it is left out", inHeader},
	{ParameterCase, "none in particular", "a parameter of the URL in other case, as Filter or startindex; read as the one of RFC 7644, so that no filter is passed over", inHeader},
}
