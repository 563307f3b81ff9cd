package compile

import (
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// ApplicationFinding tells whether an application is accepted, save for the Secret of its webhook.
func ApplicationFinding(a *v1alpha1.SCIMApplication) Finding {
	return first(a, uniqueFields, uniqueRoles, uniqueActions, certificates)
}

// WebhookSecret is the name of the Secret with the keys that sign the application's webhooks, "" if it has none.
func WebhookSecret(a *v1alpha1.SCIMApplication) string {
	if a.Spec.Delivery == nil || a.Spec.Delivery.Webhook == nil {
		return ""
	}
	return a.Spec.Delivery.Webhook.SecretRef.Name
}

// WebhookSecretMissing is the finding about a Secret that does not exist.
func WebhookSecretMissing(a *v1alpha1.SCIMApplication) Finding {
	return found(v1alpha1.ReasonSecretNotFound, "spec.delivery.webhook.secretRef: there is no Secret %s in namespace %s; create it, with the key %s",
		WebhookSecret(a), a.Namespace, v1alpha1.SecretKeySigningKey)
}

// SigningKeys reads the Secret of the application's webhook. The keys are none where there is a finding.
func SigningKeys(a *v1alpha1.SCIMApplication, data map[string][]byte) ([]string, Finding) {
	var keys []string
	for _, name := range []string{v1alpha1.SecretKeySigningKey, v1alpha1.SecretKeySigningKeyNext} {
		value, ok := data[name]
		if !ok && name == v1alpha1.SecretKeySigningKeyNext {
			continue
		}
		if err := checkSigningKey(string(value), ok); err != nil {
			return nil, found(v1alpha1.ReasonInvalidSecret, "spec.delivery.webhook.secretRef: Secret %s is not usable: its key %s %v", WebhookSecret(a), name, err)
		}
		keys = append(keys, string(value))
	}
	return keys, Finding{}
}

func checkSigningKey(value string, present bool) error {
	if !present {
		return errors.New("is missing; put " + config.SigningKeyPrefix + " and the base64 of 24 to 64 random bytes there")
	}
	if strings.HasSuffix(value, "\n") {
		return errors.New("ends with a line break; write the key without one (printf instead of echo)")
	}
	_, err := config.ParseSigningKey(value)
	return err
}

func certificates(a *v1alpha1.SCIMApplication) Finding {
	if a.Spec.Delivery == nil || a.Spec.Delivery.Webhook == nil || len(a.Spec.Delivery.Webhook.CABundle) == 0 {
		return Finding{}
	}
	if !x509.NewCertPool().AppendCertsFromPEM(a.Spec.Delivery.Webhook.CABundle) {
		return found(v1alpha1.ReasonInvalid, "spec.delivery.webhook.caBundle has no certificate that can be read; it is the base64 of a PEM bundle")
	}
	return Finding{}
}

func uniqueFields(a *v1alpha1.SCIMApplication) Finding {
	return unique("spec.memberFields", a.Spec.MemberFields, func(f v1alpha1.MemberField) string { return f.Name })
}

func uniqueRoles(a *v1alpha1.SCIMApplication) Finding {
	return unique("spec.roles", a.Spec.Roles, func(r v1alpha1.Role) string { return r.Name })
}

func uniqueActions(a *v1alpha1.SCIMApplication) Finding {
	if f := unique("spec.actions", a.Spec.Actions, func(x v1alpha1.Action) string { return x.Name }); !f.OK() {
		return f
	}
	for i, x := range a.Spec.Actions {
		f := unique(fmt.Sprintf("spec.actions[%d].parameters", i), x.Parameters, func(p v1alpha1.ActionParameter) string { return p.Name })
		if !f.OK() {
			return f
		}
	}
	return Finding{}
}

// unique finds names that differ only in case: two of them would be told apart by nobody.
func unique[T any](field string, list []T, name func(T) string) Finding {
	seen := map[string]string{}
	for _, e := range list {
		folded := strings.ToLower(name(e))
		if other, ok := seen[folded]; ok {
			return found(v1alpha1.ReasonInvalid, "%s: %q and %q are the same name but for upper and lower case; rename one of them", field, other, name(e))
		}
		seen[folded] = name(e)
	}
	return Finding{}
}

// application is the application as a server gets it, without tokens of its feed.
func application(a *Application) *config.Application {
	spec := a.Object.Spec
	out := &config.Application{Name: a.Object.Namespace + "/" + a.Object.Name, DisplayName: spec.DisplayName}
	for _, f := range spec.MemberFields {
		out.Fields = append(out.Fields, config.Field{Name: f.Name, Type: orText(f.Type, v1alpha1.MemberFieldString), Required: f.Required, Unique: f.Unique})
	}
	for _, r := range spec.Roles {
		out.Roles = append(out.Roles, r.Name)
	}
	for _, x := range spec.Actions {
		action := config.Action{Name: x.Name}
		for _, p := range x.Parameters {
			action.Parameters = append(action.Parameters, config.Parameter{Name: p.Name, Required: p.Required})
		}
		out.Actions = append(out.Actions, action)
	}
	if spec.Delivery != nil && spec.Delivery.Webhook != nil {
		out.Webhook = webhook(spec.Delivery.Webhook, a.SigningKeys)
	}
	return out
}

func webhook(w *v1alpha1.Webhook, keys []string) *config.Webhook {
	return &config.Webhook{
		URL: w.URL, Mode: orText(w.Mode, v1alpha1.WebhookAsynchronous), Format: orText(w.Format, v1alpha1.WebhookStandard),
		SigningKeys: keys, TimeoutSeconds: int(or(w.TimeoutSeconds, 5)), CABundle: w.CABundle,
	}
}

// orText is or for enumerations.
func orText[T ~string](value, otherwise T) string {
	if value == "" {
		return string(otherwise)
	}
	return string(value)
}
