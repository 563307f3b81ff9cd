package program

import (
	"fmt"

	"github.com/scim-operator/scim-operator/scimserver/outbox/webhook"
)

// Provisioning is a tenant with an application, named inventory, that is told of members and their titles by webhook.
type Provisioning struct {
	URL            string // of the webhook
	Mode           string // config.Synchronous or config.Asynchronous
	TimeoutSeconds int    // of a call
	Key            webhook.Key
	Limits         string // the tenant's, in YAML's flow style
}

// provisioning is filled in with the webhook's URL, timeout, mode and key, and the tenant's limits; last comes the token.
const provisioning = `apiVersion: scim-operator.io/v1alpha1
kind: SCIMApplication
metadata: {name: inventory, namespace: test}
spec:
  memberFields:
  - {name: email, required: true, unique: true}
  - {name: title}
  delivery:
    webhook: {url: %q, secretRef: {name: webhook}, timeoutSeconds: %d, mode: %s}
---
apiVersion: v1
kind: Secret
metadata: {name: webhook, namespace: test}
stringData: {signingKey: %q}
---
apiVersion: scim-operator.io/v1alpha1
kind: SCIMMapping
metadata: {name: base, namespace: test}
spec:
  attributes:
  - {field: email, from: userName}
  - {field: title, from: title}
---
apiVersion: scim-operator.io/v1alpha1
kind: SCIMTenant
metadata: {name: load, namespace: test}
spec:
  applicationRef: {name: inventory}
  mappingRefs: [{name: base}]
  identityProvider: Generic
  auth: {bearer: {secretRef: {name: load-token}}}
  limits: %s
---
apiVersion: v1
kind: Secret
metadata: {name: load-token, namespace: test}
stringData: {token: %%q}
`

// WriteManifests writes the manifests with a new token into dir.
func (p Provisioning) WriteManifests(dir string) (Tenant, error) {
	return writeTenant(dir, fmt.Sprintf(provisioning, p.URL, p.TimeoutSeconds, p.Mode, p.Key.Encode(), p.Limits))
}
