package program

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/scim-operator/scim-operator/scimserver/config"
)

// TenantKey names the tenant of the manifests.
const TenantKey = "test/load"

// Tenant is the one tenant of a server.
type Tenant struct {
	Base  string // path of its SCIM base URL
	Token string
}

// manifest is a SCIMTenant whose limits are out of the way and the Secret with its token; %q is the token.
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

// WriteManifests writes the manifests of a tenant with a new token into dir. It is a plain directory.
func WriteManifests(dir string) (Tenant, error) {
	return writeTenant(dir, manifest)
}

// writeTenant writes manifests in which only the token is to be filled in.
func writeTenant(dir, format string) (Tenant, error) {
	token, _, err := config.NewToken(rand.Reader)
	if err != nil {
		return Tenant{}, err
	}
	text := fmt.Appendf(nil, format, token)
	if err := os.WriteFile(filepath.Join(dir, "tenant.yaml"), text, 0o600); err != nil {
		return Tenant{}, err
	}
	return Tenant{Base: "/" + TenantKey + "/scim/v2", Token: token}, nil
}

// FeedToken is what a server has made for the application named inventory, to read the feed with. The folder is the server's
// data.
func FeedToken(data string) (string, error) {
	text, err := os.ReadFile(filepath.Join(data, "feed-credentials", "test", "inventory.header"))
	return strings.TrimPrefix(strings.TrimSpace(string(text)), "Authorization: Bearer "), err
}
