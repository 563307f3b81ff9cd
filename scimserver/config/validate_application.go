package config

import (
	"crypto/x509"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

var (
	fieldForm  = newForm(1, 64, `^[A-Za-z][A-Za-z0-9_]*$`) // of fields and parameters
	actionForm = newForm(1, 64, `^[A-Za-z][A-Za-z0-9]*$`)
)

// maxRoleBytes of a role's name: 128 characters.
const maxRoleBytes = 512

func (f *findings) networks(list []string) {
	f.check(len(list) <= MaxNetworks, "config: %d allowedNetworks, at most %d", len(list), MaxNetworks)
	for i, n := range list {
		_, err := netip.ParsePrefix(n)
		f.check(err == nil, "config: allowedNetworks[%d] %q is no network, as 10.0.0.0/8", i, n)
	}
}

func (f *findings) application(a *Application) {
	f.check(validKey(a.Name), "application: name %q is not namespace/name", a.Name)
	f.text("application: displayName", a.DisplayName)
	f.fields(a.Fields)
	f.roles(a.Roles)
	f.actions(a.Actions)
	f.tokens("application.feedTokens", a.FeedTokens)
	if a.Webhook != nil {
		f.webhook(a.Webhook)
	}
}

func (f *findings) fields(list []Field) {
	f.check(len(list) <= MaxFields, "application: %d fields, at most %d", len(list), MaxFields)
	seen := map[string]bool{}
	for i, x := range list {
		f.name(seen, fieldForm, x.Name, "application.fields[%d].name", i)
		f.oneOf("application: field "+x.Name+": type", x.Type, "String", "Boolean", "Integer", "Decimal", "DateTime", "StringList")
		f.check(!x.Unique || (x.Type != "Boolean" && x.Type != "StringList"), "application: field %s: type %s cannot be unique", x.Name, x.Type)
	}
}

func (f *findings) roles(list []string) {
	f.check(len(list) <= MaxRoles, "application: %d roles, at most %d", len(list), MaxRoles)
	seen := map[string]bool{}
	for i, r := range list {
		f.check(r != "" && r == strings.TrimSpace(r) && len(r) <= maxRoleBytes, "application.roles[%d] %.40q is none", i, r)
		f.check(!seen[strings.ToLower(r)], "application.roles[%d] %q is repeated", i, r)
		seen[strings.ToLower(r)] = true
	}
}

func (f *findings) actions(list []Action) {
	f.check(len(list) <= MaxActions, "application: %d actions, at most %d", len(list), MaxActions)
	seen := map[string]bool{"create": true, "deactivate": true, "remove": true, "none": true}
	for i, x := range list {
		f.name(seen, actionForm, x.Name, "application.actions[%d].name", i)
		f.check(len(x.Parameters) <= MaxParameters, "application: action %s: %d parameters, at most %d", x.Name, len(x.Parameters), MaxParameters)
		parameters := map[string]bool{}
		for j, p := range x.Parameters {
			f.name(parameters, fieldForm, p.Name, "application.actions[%d].parameters[%d].name", i, j)
		}
	}
}

// name checks one of several names, among which upper and lower case are the same; at is its place, with its indexes.
func (f *findings) name(seen map[string]bool, form form, name, at string, index ...any) {
	f.check(form.matches(name), at+" %.80q is none", append(slices.Clip(index), name)...)
	f.check(!seen[strings.ToLower(name)], at+" %q is taken", append(slices.Clip(index), name)...)
	seen[strings.ToLower(name)] = true
}

func (f *findings) webhook(w *Webhook) {
	f.check(validWebhookURL(w.URL), "application.webhook.url is not an absolute http or https URL without user and fragment")
	f.oneOf("application.webhook.mode", w.Mode, Synchronous, Asynchronous)
	f.oneOf("application.webhook.format", w.Format, StandardWebhooks, SecurityEventTokens)
	f.check(w.Mode != Synchronous || w.Format != SecurityEventTokens, "application.webhook: format SecurityEventTokens is for mode Asynchronous")
	f.check(len(w.SigningKeys) > 0 && len(w.SigningKeys) <= MaxSigningKeys, "application.webhook: %d signingKeys, must be 1 to %d", len(w.SigningKeys), MaxSigningKeys)
	for i, key := range w.SigningKeys {
		if _, err := ParseSigningKey(key); err != nil {
			f.add("application.webhook.signingKeys[%d] %w", i, err)
		}
	}
	f.check(w.TimeoutSeconds > 0 && w.TimeoutSeconds <= MaxTimeout, "application.webhook.timeoutSeconds is %d, must be 1 to %d", w.TimeoutSeconds, MaxTimeout)
	f.check(len(w.CABundle) <= MaxCABytes, "application.webhook.caBundle: %d bytes, at most %d", len(w.CABundle), MaxCABytes)
	f.check(len(w.CABundle) == 0 || x509.NewCertPool().AppendCertsFromPEM(w.CABundle), "application.webhook.caBundle has no certificate in PEM")
}

func validWebhookURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && len(s) <= 2048 && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.Hostname() != "" &&
		u.Opaque == "" && u.User == nil && !strings.Contains(s, "#")
}
