package tolerance

// Rules for the request line and its headers.
const (
	BareAuthorization Rule = "bare-authorization"
)

const inHeader = "header"

var headerRules = []Info{
	{BareAuthorization, "Okta (Header)", "Authorization holds the token without a scheme; it is taken as a bearer token", inHeader},
}
