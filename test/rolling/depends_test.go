package rolling

// The parts of the server program, which is run and not linked: so go test runs these tests again when one of them changes.
import (
	_ "github.com/scim-operator/scim-operator/controllers/manifests"
	_ "github.com/scim-operator/scim-operator/scimserver/app"
)
