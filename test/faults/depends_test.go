package faults

// The parts of the programs, which are run and not linked: so go test runs these tests again when one of them changes.
import (
	_ "github.com/scim-operator/scim-operator/controllers/manifests"
	_ "github.com/scim-operator/scim-operator/scimserver/app"
)
