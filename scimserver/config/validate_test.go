package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	type server = config.Server
	acme := func(s *server) *config.Tenant { return &s.Tenants[0] }
	ext := func(s *server) *config.Extension { return &acme(s).Extensions[0] }
	issuer := func(s *server, name string) *config.Issuer {
		acme(s).Issuers = append(acme(s).Issuers, config.Issuer{Issuer: name, Audiences: []string{"scim"}})
		return &acme(s).Issuers[len(acme(s).Issuers)-1]
	}
	for want, change := range map[string]func(*server){
		`config: version is 7`:                       func(s *server) { s.Version = 7 },
		`name "shared" is not namespace/name`:        func(s *server) { s.Name = "shared" },
		`baseURL: "" is not an absolute`:             func(s *server) { s.BaseURL = "" },
		`baseURL: "ftp://x" is not`:                  func(s *server) { s.BaseURL = "ftp://x" },
		`baseURL: "https:x" is not`:                  func(s *server) { s.BaseURL = "https:x" },
		`ends with a slash`:                          func(s *server) { s.BaseURL = "https://x/" },
		`user, query and fragment`:                   func(s *server) { s.BaseURL = "https://u:p@x" },
		`query and fragment are`:                     func(s *server) { s.BaseURL = "https://x?a=b" },
		`and fragment are not`:                       func(s *server) { s.BaseURL = "https://x#" },
		`baseURL: not a URL`:                         func(s *server) { s.BaseURL = "https://x:y:z" },
		`tenants[0] "Acme/x": key is not`:            func(s *server) { acme(s).Key = "Acme/x" },
		`tenants[0] "a/b/c": key is not`:             func(s *server) { acme(s).Key = "a/b/c" },
		`tenants[0] "a/../b": key`:                   func(s *server) { acme(s).Key = "a/../b" },
		`tenants[0] "a/": key is not`:                func(s *server) { acme(s).Key = "a/" },
		`tenants[1] "zoo/zoo" is repeated`:           func(s *server) { acme(s).Key = "zoo/zoo" },
		`"acme-ns/acme": uid "a b" is none`:          func(s *server) { acme(s).UID = "a b" },
		`generation is negative`:                     func(s *server) { acme(s).Generation = -1 },
		`identityProvider "Ping" is not one of Okta`: func(s *server) { acme(s).IdentityProvider = "Ping" },
		`protocol "" is not one of`:                  func(s *server) { acme(s).Protocol = "" },
		`uniqueIdentifier "id" is not one of`:        func(s *server) { acme(s).UniqueIdentifier = "id" },
		`limits.requestsPerSecond is negative`:       func(s *server) { acme(s).Limits.RequestsPerSecond = -1 },
		`limits.burst is negative`:                   func(s *server) { acme(s).Limits.Burst = -1 },
		`limits.burst must be at least 1`:            func(s *server) { acme(s).Limits.Burst = 0 },
		`limits.users is negative`:                   func(s *server) { acme(s).Limits.Users = -1 },
		`limits.groups is negative`:                  func(s *server) { acme(s).Limits.Groups = -1 },
		`limits.bodyBytes is 0`:                      func(s *server) { acme(s).Limits.BodyBytes = 0 },
		`limits.bodyBytes is 67108865`:               func(s *server) { acme(s).Limits.BodyBytes = config.MaxBodyBytes + 1 },
		`17 tokens, at most 16`:                      func(s *server) { acme(s).Tokens = make([]config.Token, 17) },
		`tokens[0].id is none`:                       func(s *server) { acme(s).Tokens[0].ID = "" },
		`tokens[1].id is repeated`:                   func(s *server) { acme(s).Tokens[1].ID = acme(s).Tokens[0].ID },
		`tokens[0].sha256 is not 64`:                 func(s *server) { acme(s).Tokens[0].SHA256 = strings.Repeat("A", 64) },
		`tokens[1].sha256 is repeated`:               func(s *server) { acme(s).Tokens[1].SHA256 = acme(s).Tokens[0].SHA256 },
		`tokens[1].notAfter is out of range`: func(s *server) {
			acme(s).Tokens[1].NotAfter = &time.Time{}
			*acme(s).Tokens[1].NotAfter = time.Unix(1<<40, 0)
		},
		`9 issuers, at most 8`:                          func(s *server) { acme(s).Issuers = make([]config.Issuer, 9) },
		`issuers[1].issuer is repeated`:                 func(s *server) { issuer(s, "https://i"); issuer(s, "https://i") },
		`issuers[0].issuer "http://i" is`:               func(s *server) { issuer(s, "http://i") },
		`issuers[0].issuer "https://i?a"`:               func(s *server) { issuer(s, "https://i?a") },
		`issuers[0].issuer "https://a@b"`:               func(s *server) { issuer(s, "https://a@b") },
		`issuers[0].jwksURL "file:///x" is`:             func(s *server) { issuer(s, "https://i").JWKSURL = "file:///x" },
		`issuers[0].claims has 16385 bytes`:             func(s *server) { issuer(s, "https://i").Claims = strings.Repeat("x", 16385) },
		`issuers[0].audiences: 1 to 16`:                 func(s *server) { issuer(s, "https://i").Audiences = nil },
		`1 to 16, none of them empty`:                   func(s *server) { issuer(s, "https://i").Audiences[0] = "" },
		`extension "schema": id is not a URN`:           func(s *server) { ext(s).ID = "schema" },
		`resource "Device" is not one of User, Group`:   func(s *server) { ext(s).Resource = "Device" },
		`User is repeated`:                              func(s *server) { acme(s).Extensions = append(acme(s).Extensions, acme(s).Extensions[0]) },
		`17 extensions`:                                 func(s *server) { acme(s).Extensions = make([]config.Extension, 17) },
		`has no attributes`:                             func(s *server) { ext(s).Attributes = nil },
		`257 attributes, at most 256`:                   func(s *server) { ext(s).Attributes = make([]config.Attribute, 257) },
		`attribute 1st: the name is none of RFC 7643`:   func(s *server) { ext(s).Attributes[0].Name = "1st" },
		`attribute Badge is repeated`:                   func(s *server) { ext(s).Attributes[1].Name = "Badge" },
		`attribute badge: type "text" is not one of`:    func(s *server) { ext(s).Attributes[0].Type = "text" },
		`mutability "never" is not one of`:              func(s *server) { ext(s).Attributes[0].Mutability = "never" },
		`returned "no" is not one of`:                   func(s *server) { ext(s).Attributes[0].Returned = "no" },
		`uniqueness "yes" is not one of`:                func(s *server) { ext(s).Attributes[0].Uniqueness = "yes" },
		`attribute badge: subAttributes need`:           func(s *server) { ext(s).Attributes[0].SubAttributes = ext(s).Attributes[1].SubAttributes },
		`attribute desks: has no attributes`:            func(s *server) { ext(s).Attributes[1].SubAttributes = nil },
		`value: a sub-attribute cannot be complex`:      func(s *server) { ext(s).Attributes[1].SubAttributes[0].Type = "complex" },
		`a text of 5000 bytes`:                          func(s *server) { ext(s).Attributes[0].CanonicalValues[0] = strings.Repeat("x", 5000) },
		`purges[0]: tenant "x" is not namespace/name`:   func(s *server) { s.Purges[0].Tenant = "x" },
		`purges[0]: uid "" is none`:                     func(s *server) { s.Purges[0].UID = "" },
		`purges[1]: acme-ns/acme with uid 1 is repeat`:  func(s *server) { s.Purges[1] = s.Purges[0] },
		`purges[0]: tenant zoo/zoo with uid 8a0f8d5e-6`: func(s *server) { s.Purges[0] = config.Purge{Tenant: "zoo/zoo", UID: s.Tenants[1].UID} },
		`and 1 more`: func(s *server) { s.Purges = make([]config.Purge, 4) },
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			s := sorted(t)
			change(s)
			if err := s.Validate(); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want %q", err, want)
			}
			if _, err := config.Encode(s); err == nil {
				t.Error("encoded all the same")
			}
		})
	}
	if err := sorted(t).Validate(); err != nil {
		t.Errorf("the sound one: %v", err)
	}
}

func sorted(t *testing.T) *config.Server {
	data, err := config.Encode(full())
	if err != nil {
		t.Fatal(err)
	}
	s, err := config.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestLengths: names of the greatest length are accepted, longer ones are not.
func TestLengths(t *testing.T) {
	t.Parallel()
	for what, tc := range map[string]struct {
		most int
		set  func(s *config.Server, text string)
	}{
		"namespace": {63, func(s *config.Server, text string) { s.Name = text + "/x" }},
		"name":      {253, func(s *config.Server, text string) { s.Name = "x/" + text }},
		"uid":       {128, func(s *config.Server, text string) { s.Tenants[0].UID = text }},
		"token id":  {64, func(s *config.Server, text string) { s.Tenants[0].Tokens[0].ID = text }},
		"sha256":    {64, func(s *config.Server, text string) { s.Tenants[0].Tokens[0].SHA256 = text }},
		"attribute": {128, func(s *config.Server, text string) { s.Tenants[0].Extensions[0].Attributes[0].Name = text }},
	} {
		for n, valid := range map[int]bool{tc.most: true, tc.most + 1: false} {
			s := sorted(t)
			tc.set(s, strings.Repeat("a", n))
			if err := s.Validate(); (err == nil) != valid {
				t.Errorf("%s of %d bytes: %v", what, n, err)
			}
		}
	}
}
