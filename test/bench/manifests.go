package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/scim-operator/scim-operator/test/bench/inventory"
	"github.com/scim-operator/scim-operator/test/program"
)

// provisioned is a tenant with an application of its own. Filled in: the tenant's name, the webhook's URL and key, the token.
const provisioned = `apiVersion: scim-operator.io/v1alpha1
kind: SCIMApplication
metadata: {name: %[1]s-inventory, namespace: test}
spec:
  memberFields:
  - {name: email, required: true, unique: true}
  - {name: fullName}
  - {name: login}
  - {name: title}
  - {name: department}
  - {name: number}
  - {name: phone}
  - {name: locale}
  roles: [{name: Administrator}, {name: Staff}]
  delivery:
    webhook: {url: "%[2]s", secretRef: {name: %[1]s-webhook}}
---
apiVersion: v1
kind: Secret
metadata: {name: %[1]s-webhook, namespace: test}
stringData: {signingKey: "%[3]s"}
---
apiVersion: scim-operator.io/v1alpha1
kind: SCIMTenant
metadata: {name: %[1]s, namespace: test}
spec:
  applicationRef: {name: %[1]s-inventory}
  mappingRefs: [{name: people}]
  identityProvider: Generic
  auth: {bearer: {secretRef: {name: %[1]s-token}}}
  limits: {requestsPerSecond: 100000, burst: 100000, concurrentRequests: 1000, users: 10000000, groups: 10000000, bodyBytes: 64Mi}
---
apiVersion: v1
kind: Secret
metadata: {name: %[1]s-token, namespace: test}
stringData: {token: "%[4]s"}
`

// peopleMapping maps what people.AppendUser writes. Filled in: a text behind each full name, so that another one changes
// the member of every user.
const peopleMapping = `apiVersion: scim-operator.io/v1alpha1
kind: SCIMMapping
metadata: {name: people, namespace: test}
spec:
  attributes:
  - {field: email, from: 'emails[type eq "work"].value'}
  - {field: fullName, expression: 'user.name.givenName + " " + user.name.familyName + "%s"'}
  - {field: login, expression: 'user.userName.lowerAscii()'}
  - {field: title, from: title}
  - {field: department, from: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department'}
  - {field: number, from: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber'}
  - {field: phone, from: 'phoneNumbers[type eq "mobile"].value'}
  - {field: locale, from: locale}
  role:
    groups: [{displayName: Admins, role: Administrator}]
    default: Staff
`

// provisionedTenant is a tenant of the server with applications.
type provisionedTenant struct {
	program.Tenant
	key  string
	file string
	text []byte
}

func newProvisioned(dir, name, token string, app *inventory.Application) provisionedTenant {
	return provisionedTenant{
		Tenant: program.Tenant{Base: "/test/" + name + "/scim/v2", Token: token}, key: "test/" + name,
		file: filepath.Join(dir, name+".yaml"), text: fmt.Appendf(nil, provisioned, name, app.URL, app.Key.Encode(), token),
	}
}

func (t provisionedTenant) write() error { return replaceFile(t.file, t.text) }

func (t provisionedTenant) remove() error { return os.Remove(t.file) }

func writeMapping(dir, suffix string) error {
	return replaceFile(filepath.Join(dir, "mapping.yaml"), []byte(strings.Replace(peopleMapping, "%s", suffix, 1)))
}

// replaceFile writes a file that is never seen half written.
func replaceFile(name string, text []byte) error {
	draft := filepath.Join(filepath.Dir(name), "."+filepath.Base(name))
	if err := os.WriteFile(draft, text, 0o600); err != nil {
		return err
	}
	return os.Rename(draft, name)
}
