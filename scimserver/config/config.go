package config

import "time"

// Version of a configuration.
const Version = 1

// SecretKey is the one data key of a config Secret, which holds a shard.
const SecretKey = "config.json.gz"

// Limits of the format. A Secret holds at most 1 MiB, so the encoded form stays a little below it.
const (
	MaxEncodedBytes = 1_000_000 // of a shard, gzip
	MaxDecodedBytes = 16 << 20  // of a shard, JSON; keeps a compression bomb out of the server's memory
	MaxShards       = 256
	MaxTenants      = 10_000
	MaxPurges       = 10_000
	MaxTokens       = 16
	MaxIssuers      = 8
	MaxAudiences    = 16       // of an issuer
	MaxClaims       = 16 << 10 // bytes of a condition
	MaxExtensions   = 16
	MaxAttributes   = 256 // of an extension, and of a complex attribute
	MaxBodyBytes    = 64 << 20
)

// Server is the compiled configuration of one SCIMServer.
type Server struct {
	Version int `json:"version"`
	// Name is namespace/name of the SCIMServer.
	Name string `json:"name"`
	// BaseURL is what identity providers see, without a slash at the end. A tenant's URL is BaseURL/{key}/scim/v2.
	BaseURL string `json:"baseURL"`
	// Owner is whom the tenants' data belong to: this server with all its replicas, and no other one that uses the same
	// database. Empty: ownership is not looked at, and tenants that somebody owns are not written.
	Owner string `json:"owner,omitempty"`
	// Tenants are in the order of their keys. Encode sorts them.
	Tenants []Tenant `json:"tenants,omitempty"`
	// Purges are data to be deleted before anything is served.
	Purges []Purge `json:"purges,omitempty"`
	// AllowedNetworks are CIDRs that webhooks may reach although they are refused by default.
	AllowedNetworks []string `json:"allowedNetworks,omitempty"`
}

// Tenant is one identity provider's connection.
type Tenant struct {
	// Key is namespace/name; paths and stored data hang on it.
	Key string `json:"key"`
	// UID of the SCIMTenant; empty where it comes from a file.
	UID        string `json:"uid,omitempty"`
	Generation int64  `json:"generation,omitempty"`

	IdentityProvider string `json:"identityProvider"` // Okta, EntraID, OneLogin, JumpCloud, Generic
	Protocol         string `json:"protocol"`         // Compatible, Strict
	UniqueIdentifier string `json:"uniqueIdentifier"` // userName, email, externalId

	// KeepPasswords tells whether hashes of passwords are kept; else passwords are dropped.
	KeepPasswords bool `json:"keepPasswords,omitempty"`
	// IgnoreUnknownMembers leaves out members that nobody knows; else such a request is refused.
	IgnoreUnknownMembers bool `json:"ignoreUnknownMembers,omitempty"`
	// Groups tells whether the tenant has the resource type Group.
	Groups     bool        `json:"groups,omitempty"`
	Extensions []Extension `json:"extensions,omitempty"`
	// Tokens that are accepted, and Issuers of signed ones; neither: every request is refused with 401.
	Tokens  []Token  `json:"tokens,omitempty"`
	Issuers []Issuer `json:"issuers,omitempty"`
	Limits  Limits   `json:"limits"`
	// TakeFrom is the owner, gone for good, that the tenant may be taken from.
	TakeFrom string `json:"takeFrom,omitempty"`
	// Move is nil unless the tenant's data go to or come from another server.
	Move *Move `json:"move,omitempty"`
	// Suspended tenants answer 503 with Retry-After.
	Suspended bool `json:"suspended,omitempty"`
	// Gated: a readiness gate of the tenant is not met; 503 with Retry-After.
	Gated bool `json:"gated,omitempty"`

	// Application is nil where the tenant is a plain SCIM directory; then Mapping is nil and Lifecycle is zero.
	Application *Application `json:"application,omitempty"`
	Mapping     *Mapping     `json:"mapping,omitempty"`
	Lifecycle   Lifecycle    `json:"lifecycle,omitzero"`
}

// Extension is a schema extension (RFC 7643 §3.3).
type Extension struct {
	ID          string      `json:"id"` // URN
	Name        string      `json:"name,omitempty"`
	Description string      `json:"description,omitempty"`
	Resource    string      `json:"resource"` // User, Group
	Required    bool        `json:"required,omitempty"`
	Attributes  []Attribute `json:"attributes"`
}

// Attribute is an attribute definition (RFC 7643 §7). The empty Mutability, Returned and Uniqueness are the defaults of
// RFC 7643 §2.2: readWrite, default, none.
type Attribute struct {
	Name            string      `json:"name"`
	Description     string      `json:"description,omitempty"`
	Type            string      `json:"type"` // string, boolean, decimal, integer, dateTime, reference, binary, complex
	MultiValued     bool        `json:"multiValued,omitempty"`
	Required        bool        `json:"required,omitempty"`
	CaseExact       bool        `json:"caseExact,omitempty"`
	Mutability      string      `json:"mutability,omitempty"`
	Returned        string      `json:"returned,omitempty"`
	Uniqueness      string      `json:"uniqueness,omitempty"`
	CanonicalValues []string    `json:"canonicalValues,omitempty"`
	ReferenceTypes  []string    `json:"referenceTypes,omitempty"`
	SubAttributes   []Attribute `json:"subAttributes,omitempty"` // of type complex only; they are not complex themselves
}

// Token is a bearer token as the server knows it: by its hash.
type Token struct {
	// ID names the token in logs; it is no secret.
	ID string `json:"id"`
	// SHA256 is HashToken of the token.
	SHA256 string `json:"sha256"`
	// NotAfter ends a token that was replaced; nil: no end.
	NotAfter *time.Time `json:"notAfter,omitempty"`
}

// Issuer is one whose signed tokens (JWT) are accepted.
type Issuer struct {
	Issuer    string   `json:"issuer"`            // the exact value of the claim iss, an https URL
	Audiences []string `json:"audiences"`         // the claim aud must hold one of them
	JWKSURL   string   `json:"jwksURL,omitempty"` // https; empty: found by OpenID Connect discovery
	Claims    string   `json:"claims,omitempty"`  // condition over the claims, of package mapping; empty: any
}

// Limits of a tenant. Zero means no limit, save for BodyBytes.
type Limits struct {
	RequestsPerSecond int   `json:"requestsPerSecond,omitempty"`
	Burst             int   `json:"burst,omitempty"` // at least 1 where RequestsPerSecond is set
	Users             int64 `json:"users,omitempty"`
	Groups            int64 `json:"groups,omitempty"`
	BodyBytes         int64 `json:"bodyBytes"` // 1 to MaxBodyBytes
	// ConcurrentRequests are answered at the same time; some more wait for their turn.
	ConcurrentRequests int `json:"concurrentRequests,omitempty"`
}

// Purge asks for the deletion of a tenant's data, once for each UID. A tenant with the same key may follow it.
type Purge struct {
	Tenant string `json:"tenant"`
	UID    string `json:"uid"`
}
