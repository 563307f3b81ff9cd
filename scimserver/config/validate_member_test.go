package config_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
)

func TestValidateMember(t *testing.T) {
	t.Parallel()
	type tenant = config.Tenant
	hook := func(t *tenant) *config.Webhook { return t.Application.Webhook }
	rule := func(t *tenant) *config.AttributeRule { return &t.Mapping.Attributes[2] }
	role := func(t *tenant) *config.RoleRule { return t.Mapping.Role }
	for want, change := range map[string]func(*tenant){
		`mapping needs an application`:                         func(t *tenant) { t.Application, t.Lifecycle = nil, config.Lifecycle{} },
		`lifecycle needs an application`:                       func(t *tenant) { t.Application, t.Mapping = nil, nil },
		`application: name "inventory" is not`:                 func(t *tenant) { t.Application.Name = "inventory" },
		`application: 129 fields, at most 128`:                 func(t *tenant) { t.Application.Fields = make([]config.Field, 129) },
		`application.fields[1].name "1st" is none`:             func(t *tenant) { t.Application.Fields[1].Name = "1st" },
		`application.fields[1].name "EMAIL" is taken`:          func(t *tenant) { t.Application.Fields[1].Name = "EMAIL" },
		`field email: type "Text" is not one of`:               func(t *tenant) { t.Application.Fields[0].Type = "Text" },
		`field email: type StringList cannot be unique`:        func(t *tenant) { t.Application.Fields[0].Type = "StringList" },
		`application: 257 roles`:                               func(t *tenant) { t.Application.Roles = make([]string, 257) },
		`application.roles[0] "" is none`:                      func(t *tenant) { t.Application.Roles[0] = "" },
		`application.roles[1] "administrator" is repeated`:     func(t *tenant) { t.Application.Roles[1] = "administrator" },
		`application: 65 actions`:                              func(t *tenant) { t.Application.Actions = make([]config.Action, 65) },
		`application.actions[0].name "remove" is taken`:        func(t *tenant) { t.Application.Actions[0].Name = "remove" },
		`application.actions[1].name "UnassignDevices" is tak`: func(t *tenant) { t.Application.Actions[1].Name = "UnassignDevices" },
		`action ChangePolicy: 17 parameters`:                   func(t *tenant) { t.Application.Actions[1].Parameters = make([]config.Parameter, 17) },
		`actions[1].parameters[1].name "Policy" is taken`:      func(t *tenant) { t.Application.Actions[1].Parameters[1].Name = "Policy" },
		`application.feedTokens[0].id is none`:                 func(t *tenant) { t.Application.FeedTokens[0].ID = "" },
		`webhook.url is not an absolute`:                       func(t *tenant) { hook(t).URL = "https://u:p@x" },
		`webhook.mode "Sync" is not one of`:                    func(t *tenant) { hook(t).Mode = "Sync" },
		`webhook.format "" is not one of`:                      func(t *tenant) { hook(t).Format = "" },
		`SecurityEventTokens is for mode Asynchronous`:         func(t *tenant) { hook(t).Format = config.SecurityEventTokens },
		`webhook: 0 signingKeys`:                               func(t *tenant) { hook(t).SigningKeys = nil },
		`webhook: 3 signingKeys`:                               func(t *tenant) { hook(t).SigningKeys = []string{signingKey(24), signingKey(25), signingKey(26)} },
		`signingKeys[1] does not begin with whsec_`:            func(t *tenant) { hook(t).SigningKeys[1] = "secret" },
		`signingKeys[0] is not base64`:                         func(t *tenant) { hook(t).SigningKeys[0] = "whsec_?" },
		`signingKeys[0] has 23 bytes`:                          func(t *tenant) { hook(t).SigningKeys[0] = signingKey(23) },
		`signingKeys[0] has 65 bytes`:                          func(t *tenant) { hook(t).SigningKeys[0] = signingKey(65) },
		`webhook.timeoutSeconds is 31`:                         func(t *tenant) { hook(t).TimeoutSeconds = 31 },
		`webhook.caBundle: 262145 bytes`:                       func(t *tenant) { hook(t).CABundle = make([]byte, config.MaxCABytes+1) },
		`caBundle has no certificate`:                          func(t *tenant) { hook(t).CABundle = []byte("-----BEGIN CERTIFICATE-----") },
		`attributes[2].field "phone" is no field`:              func(t *tenant) { rule(t).Field = "phone" },
		`attributes[2].field "email" is repeated`:              func(t *tenant) { rule(t).Field = "email" },
		`attributes[2] has from and expression`:                func(t *tenant) { rule(t).Expression = "1" },
		`attributes[2] has no from, expression or default`:     func(t *tenant) { rule(t).From, rule(t).Default = "", nil },
		`attributes[2] is too long`:                            func(t *tenant) { rule(t).From = strings.Repeat("x", 5000) },
		`attributes[2]: 513 values`:                            func(t *tenant) { rule(t).Values = many(513) },
		`mapping.role.order "" is not one of`:                  func(t *tenant) { role(t).Order = "" },
		`mapping.role.unknown "" is not one of`:                func(t *tenant) { role(t).Unknown = "" },
		`mapping.role.assign "" is not one of`:                 func(t *tenant) { role(t).Assign = "" },
		`role.from is too long`:                                func(t *tenant) { role(t).From = strings.Repeat("x", 5000) },
		`role.default "Owner" is no role`:                      func(t *tenant) { role(t).Default = "Owner" },
		`role: 513 values`:                                     func(t *tenant) { role(t).Values = many(513) },
		`role.values[it] "staff user" is no role`:              func(t *tenant) { role(t).Values["it"] = "staff user" },
		`role: 257 groups`:                                     func(t *tenant) { role(t).Groups = make([]config.GroupRole, 257) },
		`role.groups[0].displayName is missing`:                func(t *tenant) { role(t).Groups[0].DisplayName = "" },
		`role.groups[0].role "" is no role`:                    func(t *tenant) { role(t).Groups[0].Role = "" },
		`onCreate.action "" is not one of`:                     func(t *tenant) { t.Lifecycle.OnCreate.Action = "" },
		`onCreate.role needs action Create`:                    func(t *tenant) { t.Lifecycle.OnCreate.Action = config.None },
		`onCreate.role "Owner" is no role`:                     func(t *tenant) { t.Lifecycle.OnCreate.Role = "Owner" },
		`onDelete.whenRefused "" is not one of`:                func(t *tenant) { t.Lifecycle.OnDelete.WhenRefused = "" },
		`onDelete: Remove takes no parameters`:                 func(t *tenant) { t.Lifecycle.OnDelete.Parameters = map[string]string{"a": "b"} },
		`onDelete.action "" is neither built in`:               func(t *tenant) { t.Lifecycle.OnDelete.Action = "" },
		`onDelete.action "remove" is neither`:                  func(t *tenant) { t.Lifecycle.OnDelete.Action = "remove" },
		`ChangePolicy has no parameter "Policy"`:               func(t *tenant) { t.Lifecycle.OnDeactivate.Parameters["Policy"] = "x" },
		`ChangePolicy needs the parameter policy`:              func(t *tenant) { t.Lifecycle.OnDeactivate.Parameters = nil },
		`onReactivate: None takes no parameters`: func(t *tenant) {
			t.Lifecycle.OnReactivate = config.Reactivation{Action: config.None, Parameters: map[string]string{"a": "b"}}
		},
		`onReactivate.action "" is neither built in`:   func(t *tenant) { t.Lifecycle.OnReactivate.Parameters = map[string]string{"a": "b"} },
		`onReactivate.action "Remove" is neither`:      func(t *tenant) { t.Lifecycle.OnReactivate.Action = config.Remove },
		`onReactivate.parameters: ChangePolicy needs`:  func(t *tenant) { t.Lifecycle.OnReactivate.Action = "ChangePolicy" },
		`existingMember "" is not one of`:              func(t *tenant) { t.Lifecycle.ExistingMember = "" },
		`brake.max is 0`:                               func(t *tenant) { t.Lifecycle.Brake.Max = 0 },
		`brake.per is 59s`:                             func(t *tenant) { t.Lifecycle.Brake.Per = 59 * time.Second },
		`lifecycle.brakeRelease: a text of 5000 bytes`: func(t *tenant) { t.Lifecycle.BrakeRelease = strings.Repeat("x", 5000) },
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			s := sorted(t)
			change(&s.Tenants[0])
			if err := s.Validate(); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want %q", err, want)
			}
		})
	}
}

func many(n int) map[string]string {
	out := map[string]string{}
	for i := range n {
		out[fmt.Sprint(i)] = "Administrator"
	}
	return out
}

func TestValidateNetworks(t *testing.T) {
	t.Parallel()
	for network, ok := range map[string]bool{
		"10.0.0.0/8": true, "10.1.2.3/8": true, "fd00::/8": true, "10.0.0.1": false, "10.0.0.0/33": false, "example.com": false, "": false,
	} {
		s := sorted(t)
		s.AllowedNetworks = []string{network}
		if err := s.Validate(); (err == nil) != ok {
			t.Errorf("%q: %v", network, err)
		}
	}
	s := sorted(t)
	s.AllowedNetworks = make([]string, config.MaxNetworks+1)
	if err := s.Validate(); err == nil || !strings.Contains(err.Error(), "257 allowedNetworks, at most 256") {
		t.Errorf("error %v", err)
	}
}

func TestDefaultLifecycle(t *testing.T) {
	t.Parallel()
	s := sorted(t)
	s.Tenants[0].Lifecycle = config.DefaultLifecycle()
	s.Tenants[0].Mapping = nil
	if err := s.Validate(); err != nil {
		t.Error(err)
	}
}

func TestParseSigningKey(t *testing.T) {
	t.Parallel()
	key, err := config.ParseSigningKey(signingKey(24))
	if err != nil || !bytes.Equal(key, bytes.Repeat([]byte{7}, 24)) {
		t.Errorf("%v, %v", key, err)
	}
	for _, text := range []string{"", "whsec_", "WHSEC_" + signingKey(24)[6:], signingKey(24) + "\n", "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"[:30]} {
		if _, err := config.ParseSigningKey(text); err == nil {
			t.Errorf("%q is taken", text)
		} else if len(text) > 10 && strings.Contains(err.Error(), text[6:10]) {
			t.Errorf("the error shows the key: %v", err)
		}
	}
}
