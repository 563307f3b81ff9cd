package config

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

var (
	namespaceForm = newForm(1, 63, `^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)
	nameForm      = newForm(1, 253, `^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
	tokenIDForm   = newForm(1, 64, `^[0-9A-Za-z._-]+$`)
	uidForm       = newForm(1, 128, `^[0-9A-Za-z./:_-]+$`)
	sha256Form    = newForm(64, 64, `^[0-9a-f]+$`)
)

// form is what a name looks like. Its length is checked beside the expression: an expression that counts up to a hundred takes
// 60 KiB of every server's memory.
type form struct {
	least, most int // bytes
	expression  *regexp.Regexp
}

func newForm(least, most int, expression string) form {
	return form{least, most, regexp.MustCompile(expression)}
}

func (f form) matches(s string) bool {
	return len(s) >= f.least && len(s) <= f.most && f.expression.MatchString(s)
}

// maxFindings of one error: more of them help nobody.
const maxFindings = 10

// findings collects what is wrong with one object.
type findings struct{ errs []error }

func (f *findings) add(format string, args ...any) {
	f.errs = append(f.errs, fmt.Errorf(format, args...))
}

func (f *findings) check(ok bool, format string, args ...any) {
	if !ok {
		f.add(format, args...)
	}
}

func (f *findings) err() error {
	if n := len(f.errs) - maxFindings; n > 0 {
		f.errs = append(f.errs[:maxFindings:maxFindings], fmt.Errorf("and %d more", n))
	}
	return errors.Join(f.errs...)
}

// Validate checks everything that can be told without building the tenants' schemas. The error joins up to ten findings;
// each names the tenant and the field. Tenants must be in the order of their keys.
func (s *Server) Validate() error {
	f := &findings{}
	f.head(s)
	f.check(len(s.Tenants) <= MaxTenants, "config: %d tenants, at most %d", len(s.Tenants), MaxTenants)
	f.check(len(s.Purges) <= MaxPurges, "config: %d purges, at most %d", len(s.Purges), MaxPurges)
	f.tenants(s.Tenants)
	f.purges(s.Tenants, s.Purges)
	return f.err()
}

// head checks what is of the server as a whole.
func (f *findings) head(s *Server) {
	f.check(s.Version == Version, "config: version is %d, must be %d", s.Version, Version)
	f.check(validKey(s.Name), "config: name %q is not namespace/name", s.Name)
	if err := validBaseURL(s.BaseURL); err != nil {
		f.add("config: baseURL: %w", err)
	}
	f.check(s.Owner == "" || ownerForm.matches(s.Owner), "config: owner %.80q is none", s.Owner)
	f.networks(s.AllowedNetworks)
}

func (f *findings) tenants(list []Tenant) {
	for i := range list {
		if i > 0 && list[i].Key <= list[i-1].Key {
			f.add("config: tenants[%d] %q is repeated or out of order", i, list[i].Key)
		}
		if err := list[i].Validate(); err != nil {
			f.add("config: tenants[%d] %w", i, err)
		}
	}
}

func (f *findings) purges(tenants []Tenant, purges []Purge) {
	seen, present := make(map[Purge]bool, len(purges)), make(map[Purge]bool, len(tenants))
	for _, t := range tenants {
		present[Purge{Tenant: t.Key, UID: t.UID}] = true
	}
	for i, p := range purges {
		f.check(!present[p], "config: purges[%d]: tenant %s with uid %s is still configured", i, p.Tenant, p.UID)
		f.check(validKey(p.Tenant), "config: purges[%d]: tenant %q is not namespace/name", i, p.Tenant)
		f.check(uidForm.matches(p.UID), "config: purges[%d]: uid %q is none", i, p.UID)
		f.check(!seen[p], "config: purges[%d]: %s with uid %s is repeated", i, p.Tenant, p.UID)
		seen[p] = true
	}
}

// Validate checks one entry; the error begins with its key.
func (t *Tenant) Validate() error {
	f := &findings{}
	f.check(validKey(t.Key), "key is not namespace/name")
	f.check(t.UID == "" || uidForm.matches(t.UID), "uid %q is none", t.UID)
	f.check(t.Generation >= 0, "generation is negative")
	f.oneOf("identityProvider", t.IdentityProvider, "Okta", "EntraID", "OneLogin", "JumpCloud", "Generic")
	f.oneOf("protocol", t.Protocol, "Compatible", "Strict")
	f.oneOf("uniqueIdentifier", t.UniqueIdentifier, "userName", "email", "externalId")
	f.limits(t.Limits)
	f.tokens("tokens", t.Tokens)
	f.issuers(t.Issuers)
	f.extensions(t.Extensions)
	f.member(t)
	f.check(t.TakeFrom == "" || ownerForm.matches(t.TakeFrom), "takeFrom %.80q is none", t.TakeFrom)
	if t.Move != nil {
		f.move(t.Move)
	}
	if err := f.err(); err != nil {
		return fmt.Errorf("%q: %w", t.Key, err)
	}
	return nil
}

func (f *findings) oneOf(field, got string, allowed ...string) {
	f.check(slices.Contains(allowed, got), "%s %q is not one of %s", field, got, strings.Join(allowed, ", "))
}

func (f *findings) limits(l Limits) {
	f.check(l.RequestsPerSecond >= 0, "limits.requestsPerSecond is negative")
	f.check(l.Burst >= 0, "limits.burst is negative")
	f.check(l.RequestsPerSecond <= 0 || l.Burst > 0, "limits.burst must be at least 1 with requestsPerSecond")
	f.check(l.ConcurrentRequests >= 0, "limits.concurrentRequests is negative")
	f.check(l.Users >= 0, "limits.users is negative")
	f.check(l.Groups >= 0, "limits.groups is negative")
	f.check(l.BodyBytes > 0 && l.BodyBytes <= MaxBodyBytes, "limits.bodyBytes is %d, must be 1 to %d", l.BodyBytes, MaxBodyBytes)
}

func (f *findings) tokens(at string, list []Token) {
	f.check(len(list) <= MaxTokens, "%d %s, at most %d", len(list), at, MaxTokens)
	ids, sums := map[string]bool{}, map[string]bool{}
	for i, t := range list {
		f.check(tokenIDForm.matches(t.ID), "%s[%d].id is none", at, i)
		f.check(sha256Form.matches(t.SHA256), "%s[%d].sha256 is not 64 hexadecimal digits in lower case", at, i)
		f.check(!ids[t.ID], "%s[%d].id is repeated", at, i)
		f.check(!sums[t.SHA256], "%s[%d].sha256 is repeated", at, i)
		f.check(t.NotAfter == nil || validTime(*t.NotAfter), "%s[%d].notAfter is out of range", at, i)
		ids[t.ID], sums[t.SHA256] = true, true
	}
}

func (f *findings) issuers(list []Issuer) {
	f.check(len(list) <= MaxIssuers, "%d issuers, at most %d", len(list), MaxIssuers)
	seen := make(map[string]bool, len(list))
	for i, issuer := range list {
		f.check(!seen[issuer.Issuer], "issuers[%d].issuer is repeated", i)
		seen[issuer.Issuer] = true
		f.check(validKeysURL(issuer.Issuer, false), "issuers[%d].issuer %q is not an https URL without query", i, issuer.Issuer)
		f.check(issuer.JWKSURL == "" || validKeysURL(issuer.JWKSURL, true), "issuers[%d].jwksURL %q is not an https URL", i, issuer.JWKSURL)
		f.check(len(issuer.Claims) <= MaxClaims, "issuers[%d].claims has %d bytes, at most %d", i, len(issuer.Claims), MaxClaims)
		n := len(issuer.Audiences)
		f.check(n > 0 && n <= MaxAudiences && !slices.Contains(issuer.Audiences, ""), "issuers[%d].audiences: 1 to %d, none of them empty", i, MaxAudiences)
	}
}

// validKeysURL tells whether keys may be fetched from there: over TLS only, or anybody on the way could change them.
func validKeysURL(s string, query bool) bool {
	u, err := url.Parse(s)
	return err == nil && len(s) <= 2048 && u.Scheme == "https" && u.Host != "" && u.User == nil && !strings.Contains(s, "#") &&
		(query || u.RawQuery == "" && !u.ForceQuery)
}

// validTime tells whether t can be written in RFC 3339.
func validTime(t time.Time) bool { return t.UTC().Year() >= 1 && t.UTC().Year() <= 9998 }

// validKey tells whether key is a namespace (a DNS label) and a name (a DNS subdomain) as Kubernetes has them.
func validKey(key string) bool {
	namespace, name, ok := strings.Cut(key, "/")
	return ok && namespaceForm.matches(namespace) && nameForm.matches(name)
}

func validBaseURL(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return fmt.Errorf("not a URL: %w", err)
	case u.Scheme != "https" && u.Scheme != "http", u.Host == "", u.Opaque != "":
		return fmt.Errorf("%q is not an absolute http or https URL", s)
	case u.User != nil, u.RawQuery != "", u.ForceQuery, strings.Contains(s, "#"):
		return errors.New("user, query and fragment are not allowed in it")
	case strings.HasSuffix(s, "/"):
		return fmt.Errorf("%q ends with a slash", s)
	}
	return nil
}
