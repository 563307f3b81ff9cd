package servertest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/scim-operator/scim-operator/scimserver/httpapi"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// TenantOption changes what NewTenant adds: a Compatible tenant with users and groups, without limits.
type TenantOption func(*tenantOptions)

type tenantOptions struct {
	schemas                  schema.Options
	strict, passwords        bool
	ignoreUnknown            bool
	users, groups            int64
	requestsPerSecond, burst int
	subject                  string
	tenant                   httpapi.Tenant
}

// Strict makes the tenant follow the RFCs to the letter.
func Strict() TenantOption { return func(o *tenantOptions) { o.strict = true } }

// WithoutGroups disables groups.
func WithoutGroups() TenantOption { return func(o *tenantOptions) { o.schemas.Groups = false } }

// UniqueIdentifier names what the identity provider looks users up by.
func UniqueIdentifier(name string) TenantOption {
	return func(o *tenantOptions) { o.schemas.UniqueIdentifier = name }
}

// Extension adds a schema extension.
func Extension(spec schema.ExtensionSpec) TenantOption {
	return func(o *tenantOptions) { o.schemas.Extensions = append(o.schemas.Extensions, spec) }
}

// MaxResources limits the numbers of users and groups; 0: no limit.
func MaxResources(users, groups int64) TenantOption {
	return func(o *tenantOptions) { o.users, o.groups = users, groups }
}

// BodyBytes limits the size of a body.
func BodyBytes(n int64) TenantOption { return func(o *tenantOptions) { o.tenant.BodyBytes = n } }

// Rate limits the rate of requests.
func Rate(requestsPerSecond, burst int) TenantOption {
	return func(o *tenantOptions) { o.requestsPerSecond, o.burst = requestsPerSecond, burst }
}

// Share has the tenant's reads wait for a turn.
func Share(g httpapi.Gate) TenantOption { return func(o *tenantOptions) { o.tenant.Share = g } }

// Unavailable refuses every request.
func Unavailable(err *scimerr.Error) TenantOption {
	return func(o *tenantOptions) { o.tenant.Unavailable = err }
}

// KeepPasswords makes the tenant keep hashes of passwords.
func KeepPasswords() TenantOption { return func(o *tenantOptions) { o.passwords = true } }

// Subject makes the tenant's token name somebody, as a signed token does by its claim sub.
func Subject(subject string) TenantOption { return func(o *tenantOptions) { o.subject = subject } }

// named is an Authenticator whose credentials name somebody.
type named struct {
	httpapi.Authenticator
	subject string
}

func (n named) Authenticate(r *http.Request, tol *tolerance.Log) (credential, subject string, err error) {
	credential, _, err = n.Authenticator.Authenticate(r, tol)
	return credential, n.subject, err
}

// Observe tells an observer of the tenant's requests.
func Observe(observer httpapi.Observer) TenantOption {
	return func(o *tenantOptions) { o.tenant.Observe = observer }
}

// settingsLine begins the line of a session's comment that says what tenant it needs.
const settingsLine = "tenant:"

// SessionOptions reads the comment of a session: a line "tenant: name=value …" with groups, strict, passwords, ignoreUnknownMembers, uniqueIdentifier,
// subject, users, bodyBytes, requestsPerSecond, burst, and extension=URN:a,b for an extension of User with the attributes a and
// b, which are strings unless their type is said, as in size/integer. Without such a line the session runs against any tenant.
func SessionOptions(comment []byte) (opts []TenantOption, err error) {
	for line := range strings.Lines(string(comment)) {
		settings, ok := strings.CutPrefix(line, settingsLine)
		if !ok {
			continue
		}
		for setting := range strings.FieldsSeq(settings) {
			opt, err := parseSetting(setting)
			if err != nil {
				return nil, err
			}
			opts = append(opts, opt)
		}
	}
	return opts, nil
}

func parseSetting(setting string) (TenantOption, error) {
	name, value, _ := strings.Cut(setting, "=")
	switch name {
	case "uniqueIdentifier":
		return UniqueIdentifier(value), nil
	case "subject":
		return Subject(value), nil
	case "extension":
		return Extension(parseExtension(value)), nil
	}
	if value == "true" || value == "false" {
		return parseSwitch(name, value == "true")
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("setting %s: %w", setting, err)
	}
	switch name {
	case "users":
		return func(o *tenantOptions) { o.users = n }, nil
	case "groups":
		return func(o *tenantOptions) { o.groups = n }, nil
	case "bodyBytes":
		return BodyBytes(n), nil
	case "requestsPerSecond":
		return func(o *tenantOptions) { o.requestsPerSecond = int(n) }, nil
	case "burst":
		return func(o *tenantOptions) { o.burst = int(n) }, nil
	}
	return nil, fmt.Errorf("setting %s: unknown", setting)
}

func parseSwitch(name string, on bool) (TenantOption, error) {
	switch name {
	case "strict":
		return func(o *tenantOptions) { o.strict = on }, nil
	case "ignoreUnknownMembers":
		return func(o *tenantOptions) { o.ignoreUnknown = on }, nil
	case "passwords":
		return func(o *tenantOptions) { o.passwords = on }, nil
	case "groups":
		return func(o *tenantOptions) { o.schemas.Groups = on }, nil
	}
	return nil, fmt.Errorf("setting %s: unknown", name)
}

func parseExtension(text string) schema.ExtensionSpec {
	i := strings.LastIndexByte(text, ':')
	spec := schema.ExtensionSpec{ID: text[:max(i, 0)], Resource: "User"}
	for attribute := range strings.SplitSeq(text[i+1:], ",") {
		name, typ, _ := strings.Cut(attribute, "/")
		a := &schema.Attribute{Name: name}
		a.Type, _ = schema.ParseType(typ)
		spec.Attributes = append(spec.Attributes, a)
	}
	return spec
}
