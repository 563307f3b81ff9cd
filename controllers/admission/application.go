package admission

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

var (
	nameForm      = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
	namespaceForm = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)
	wordForm      = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`) // member fields and parameters
	actionForm    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*$`)
	trimmedForm   = regexp.MustCompile(`^[^ ](.*[^ ])?$`)
	webhookForm   = regexp.MustCompile(`^https?://[^/?#@ ]+([/?][^# ]*)?$`)
)

const objectName = "the name of an object has lower case letters, digits, '-' and '.', and begins and ends with a letter or digit"

// Application lists what is wrong with an application to which Default was applied.
func Application(a *v1alpha1.SCIMApplication) field.ErrorList {
	e, spec := &errs{}, field.NewPath("spec")
	e.check(len(a.Name) <= 200, field.NewPath("metadata", "name"), a.Name,
		"the name of a SCIMApplication is part of the names of its objects: at most 200 characters")
	e.length(a.Spec.DisplayName, spec.Child("displayName"), 256)
	e.memberFields(a.Spec.MemberFields, spec.Child("memberFields"))
	e.roles(a.Spec.Roles, spec.Child("roles"))
	e.actions(a.Spec.Actions, spec.Child("actions"))
	if d := a.Spec.Delivery; d != nil {
		e.whole(d.Webhook != nil, spec.Child("delivery"), "give a webhook, or remove delivery; the application then reads the member feed")
		if d.Webhook != nil {
			e.webhook(d.Webhook, spec.Child("delivery", "webhook"))
		}
	}
	if a.Spec.Feed != nil && a.Spec.Feed.Rotation != nil {
		e.rotation(a.Spec.Feed.Rotation, spec.Child("feed", "rotation"))
	}
	e.allowed(a.Spec.AllowedTenants.Namespaces, spec.Child("allowedTenants", "namespaces"))
	return e.list
}

func (e *errs) memberFields(list []v1alpha1.MemberField, at *field.Path) {
	e.items(len(list), at, 128)
	seen := map[string]bool{}
	for i, f := range list {
		at := at.Index(i)
		e.length(f.Name, at.Child("name"), 64)
		e.matches(wordForm, f.Name, at.Child("name"), "the name of a member field has letters, digits and '_', and begins with a letter")
		e.once(seen, f.Name, at.Child("name"))
		oneOf(e, f.Type, at.Child("type"), v1alpha1.MemberFieldString, v1alpha1.MemberFieldBoolean, v1alpha1.MemberFieldInteger,
			v1alpha1.MemberFieldDecimal, v1alpha1.MemberFieldDateTime, v1alpha1.MemberFieldStringList)
		e.whole(!f.Unique || (f.Type != v1alpha1.MemberFieldBoolean && f.Type != v1alpha1.MemberFieldStringList), at.Child("unique"),
			"a field of type Boolean or StringList cannot be unique; choose another type, or remove unique")
	}
}

func (e *errs) roles(list []v1alpha1.Role, at *field.Path) {
	e.items(len(list), at, 256)
	seen := map[string]bool{}
	for i, r := range list {
		e.length(r.Name, at.Index(i).Child("name"), 128)
		e.matches(trimmedForm, r.Name, at.Index(i).Child("name"), "the name of a role neither begins nor ends with a blank")
		e.once(seen, r.Name, at.Index(i).Child("name"))
	}
}

func (e *errs) actions(list []v1alpha1.Action, at *field.Path) {
	e.items(len(list), at, 64)
	seen := map[string]bool{}
	for i, a := range list {
		at := at.Index(i)
		e.length(a.Name, at.Child("name"), 64)
		e.matches(actionForm, a.Name, at.Child("name"), "the name of an action has letters and digits, and begins with a letter")
		e.check(!slices.Contains([]string{"create", "deactivate", "reactivate", "remove", "none"}, strings.ToLower(a.Name)), at.Child("name"), a.Name,
			"Create, Deactivate, Reactivate, Remove and None are built in; choose another name for the action")
		e.once(seen, a.Name, at.Child("name"))
		e.items(len(a.Parameters), at.Child("parameters"), 16)
		parameters := map[string]bool{}
		for j, p := range a.Parameters {
			at := at.Child("parameters").Index(j).Child("name")
			e.length(p.Name, at, 64)
			e.matches(wordForm, p.Name, at, "the name of a parameter has letters, digits and '_', and begins with a letter")
			e.once(parameters, p.Name, at)
		}
	}
}

func (e *errs) webhook(w *v1alpha1.Webhook, at *field.Path) {
	_, err := url.Parse(w.URL)
	e.length(w.URL, at.Child("url"), 2048)
	e.whole(err == nil && webhookForm.MatchString(w.URL), at.Child("url"), "url is http:// or https://, a host and perhaps a path and query, "+
		"without user name and fragment, as in https://app.example.com/hooks/scim")
	oneOf(e, w.Mode, at.Child("mode"), v1alpha1.WebhookSynchronous, v1alpha1.WebhookAsynchronous)
	oneOf(e, w.Format, at.Child("format"), v1alpha1.WebhookStandard, v1alpha1.WebhookSecurityEventTokens)
	e.whole(w.Format != v1alpha1.WebhookSecurityEventTokens || w.Mode != v1alpha1.WebhookSynchronous, at.Child("format"),
		"security event tokens tell what has happened, so the application cannot refuse; set mode: Asynchronous, or format: StandardWebhooks")
	e.reference(w.SecretRef.Name, at.Child("secretRef"))
	within(e, w.TimeoutSeconds, at.Child("timeoutSeconds"), 1, 30, "should be greater than or equal to 1 and should be less than or equal to 30")
	e.whole(len(w.CABundle) == 0 || strings.Contains(string(w.CABundle), "-----BEGIN CERTIFICATE-----"), at.Child("caBundle"),
		"caBundle is the base64 of a PEM bundle of certificates")
}

// reference checks the name of an object that is referred to.
func (e *errs) reference(name string, at *field.Path) {
	e.required(name != "", at)
	if name != "" {
		e.length(name, at.Child("name"), 253)
		e.matches(nameForm, name, at.Child("name"), objectName)
	}
}

func (e *errs) rotation(r *v1alpha1.TokenRotation, at *field.Path) {
	every, overlap := r.Every.Duration, r.Overlap.Duration
	e.whole(every >= time.Hour, at.Child("every"), "every is at least 1h")
	e.whole(overlap >= 0 && overlap < every, at.Child("overlap"), "overlap is shorter than every")
}
