package program

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"

	"github.com/scim-operator/scim-operator/scimserver/config"
)

// Tenant is the one tenant of a server: a plain directory whose limits are out of the way.
type Tenant struct {
	Base  string // path of its SCIM base URL
	Token string
}

// manifest is a SCIMTenant and the Secret with its token; %q is the token.
const manifest = `apiVersion: scim-operator.io/v1alpha1
kind: SCIMTenant
metadata:
  name: load
  namespace: test
spec:
  identityProvider: Generic
  auth:
    bearer:
      secretRef:
        name: load-token
  limits:
    requestsPerSecond: 100000
    burst: 100000
    concurrentRequests: 1000
    users: 10000000
    groups: 10000000
    bodyBytes: 64Mi
---
apiVersion: v1
kind: Secret
metadata:
  name: load-token
  namespace: test
stringData:
  token: %q
`

// WriteManifests writes the manifests of a tenant with a new token into dir.
func WriteManifests(dir string) (Tenant, error) {
	token, _, err := config.NewToken(rand.Reader)
	if err != nil {
		return Tenant{}, err
	}
	text := fmt.Appendf(nil, manifest, token)
	if err := os.WriteFile(filepath.Join(dir, "tenant.yaml"), text, 0o600); err != nil {
		return Tenant{}, err
	}
	return Tenant{Base: "/test/load/scim/v2", Token: token}, nil
}
