package guide

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Input is what a tenant's guide depends on.
type Input struct {
	Tenant           string // namespace/name
	IdentityProvider string // Okta, EntraID, OneLogin, JumpCloud, Generic
	URL              string // SCIM base URL
	Token            string // "": the identity provider brings signed tokens
	UniqueIdentifier string // userName, email, externalId
	Groups           bool
	Issuers          []string // of signed tokens that are accepted
	Extensions       []string // URNs of the tenant's schema extensions
}

// Guide is what to do, in order.
type Guide struct {
	Title  string
	Before []string
	Fields []Field
	After  []string
	Notes  []string
	// Template is a text to paste, for the field that names it.
	Template string
}

// Field is a field of a form.
type Field struct{ Name, Value string }

// For is the guide of a tenant.
func For(in Input) Guide {
	g := guides[in.IdentityProvider]
	if g == nil {
		g = generic
	}
	out := g(in)
	if in.Token == "" {
		out.Notes = append(out.Notes, "The tenant has no token of its own: it accepts signed ones of "+strings.Join(in.Issuers, ", ")+".")
	}
	for _, e := range in.Extensions {
		out.Notes = append(out.Notes, "Custom attributes are under "+e+".")
	}
	return out
}

var guides = map[string]func(Input) Guide{"Okta": okta, "EntraID": entra, "OneLogin": oneLogin, "JumpCloud": jumpCloud}

func (in Input) token() string {
	return cmp.Or(in.Token, "(a signed token; see below)")
}

func okta(in Input) Guide {
	actions := "Push New Users, Push Profile Updates"
	if in.Groups {
		actions += ", Push Groups"
	}
	g := Guide{
		Title:  "Okta",
		Before: []string{"In the app's General tab, App Settings, tick Enable SCIM provisioning. Then open Provisioning, Integration, Edit."},
		Fields: []Field{
			{"SCIM connector base URL", in.URL},
			{"Unique identifier field for users", in.UniqueIdentifier},
			{"Supported provisioning actions", actions},
			{"Authentication Mode", "HTTP Header"},
			{"Authorization (Bearer)", in.token()},
		},
		After: []string{"Press Test Connector Configuration, then Save.", "Under Provisioning, To App, tick Create Users, Update User Attributes and Deactivate Users."},
		Notes: []string{"An app whose form has no Bearer label takes the bare token, too: the server understands both."},
	}
	if !in.Groups {
		g.Notes = append(g.Notes, "Groups are switched off for this tenant: leave Push Groups and Import Groups unticked, or the test fails.")
	}
	if strings.Contains(in.URL, "_") {
		g.Notes = append(g.Notes, "Okta refuses a base URL with '_': give the SCIMServer another host.")
	}
	return g
}

func entra(in Input) Guide {
	g := Guide{
		Title:  "Microsoft Entra ID",
		Before: []string{"In the enterprise application open Provisioning, and set the mode to Automatic."},
		Fields: []Field{{"Tenant URL", in.URL}, {"Secret Token", cmp.Or(in.Token, "(leave blank, or use OAuth 2 client credentials)")}},
		After: []string{
			"Press Test Connection, then Save.", "Under Mappings, Provision Microsoft Entra ID Users, let the matching attribute (precedence 1) be " + matching(in.UniqueIdentifier) + ".",
			"Set Provisioning Status to On. A cycle takes about 40 minutes; Provision on demand is at once.",
		},
		Notes: []string{"?aadOptscim062020 at the end of the URL is welcome; both dialects are understood."},
	}
	if !in.Groups {
		g.Notes = append(g.Notes, "Groups are switched off for this tenant: switch the mapping Provision Microsoft Entra ID Groups off.")
	}
	if in.Token == "" {
		g.Notes = append(g.Notes, "Entra's own tokens have the issuer https://sts.windows.net/TENANT-ID/ and the audience 8adf8e6e-67b2-4cf2-a259-e3dc5476c621.")
	}
	return g
}

func matching(uniqueIdentifier string) string {
	switch uniqueIdentifier {
	case "email":
		return `emails[type eq "work"].value (from mail)`
	case "externalId":
		return "externalId (from objectId)"
	}
	return "userName (from userPrincipalName)"
}

const oneLoginTemplate = `{
  "schemas": [
    "urn:ietf:params:scim:schemas:core:2.0:User",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
  ],
  "userName": "{$parameters.scimusername}",
  "name": {"givenName": "{$user.firstname}", "familyName": "{$user.lastname}"},
  "displayName": "{$user.display_name}",
  "emails": [{"value": "{$user.email}", "type": "work", "primary": true}],
  "title": "{$parameters.title}",
  "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "{$user.department}"}
}`

func oneLogin(in Input) Guide {
	g := Guide{
		Title:  "OneLogin",
		Before: []string{"Add the app SCIM Provisioner with SAML (SCIM v2 Enterprise), and open its Configuration tab."},
		Fields: []Field{{"SCIM Base URL", in.URL}, {"SCIM JSON Template", "the text below"}, {"Custom Headers", "(leave empty)"}, {"SCIM Bearer Token", in.token()}},
		After: []string{
			"Press Enable under API Connection.", "In the Provisioning tab tick Enable provisioning, and choose what happens when users are deleted: Delete, Suspend or Do nothing.",
		},
		Template: oneLoginTemplate,
	}
	if in.Groups {
		g.After = append(g.After, "For groups: in the Parameters tab open Groups, tick Include in User Provisioning, and map roles to groups under Rules.")
	}
	return g
}

func jumpCloud(in Input) Guide {
	g := Guide{
		Title:  "JumpCloud",
		Before: []string{"In the SSO application open Identity Management, and choose Custom SCIM."},
		Fields: []Field{
			{"SCIM Version", "SCIM 2.0"}, {"Base URL", in.URL}, {"Token Key", in.token()},
			{"Test User Email", "an address that nobody has, a new one each time"},
		},
		After: []string{"Press Test Connection, then Activate, and save."},
		Notes: []string{"The test creates a user with that address and, with groups, a group, and deletes both: the application sees a member come and go."},
	}
	if !in.Groups {
		g.Notes = append(g.Notes, "Groups are switched off for this tenant: switch Enable management of User Groups and Group Membership off.")
	}
	return g
}

func generic(in Input) Guide {
	g := Guide{
		Title: "Any SCIM 2.0 client",
		Fields: []Field{
			{"SCIM base URL", in.URL}, {"Authentication", "HTTP header Authorization"}, {"Header's value", "Bearer " + in.token()},
			{"Unique identifier of users", in.UniqueIdentifier}, {"Content type", "application/scim+json"},
		},
		After: []string{"Test the connection; most clients ask for ServiceProviderConfig or the first user."},
	}
	if !in.Groups {
		g.Notes = append(g.Notes, "Groups are switched off for this tenant: /Groups is not found.")
	}
	return g
}

// Write prints the guide for people.
func (g Guide) Write(w io.Writer, tenant string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "SCIMTenant %s in %s\n", tenant, g.Title)
	paragraph(&b, g.Before)
	b.WriteString("\n")
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, f := range g.Fields {
		fmt.Fprintf(t, "  %s\t%s\n", f.Name, f.Value)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if g.Template != "" {
		b.WriteString("\n" + g.Template + "\n")
	}
	paragraph(&b, g.After)
	if len(g.Notes) > 0 {
		b.WriteString("\n")
	}
	for _, n := range g.Notes {
		b.WriteString("- " + n + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func paragraph(b *strings.Builder, sentences []string) {
	if len(sentences) > 0 {
		b.WriteString("\n" + strings.Join(sentences, "\n") + "\n")
	}
}
