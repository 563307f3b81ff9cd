package httpapi

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/directory"
)

// Deps is what the handler needs.
type Deps struct {
	Tenants   Tenants
	Directory *directory.Directory
	Observe   Observer         // told of every request, nil: nobody
	Log       *slog.Logger     // nil: nothing is logged
	Clock     func() time.Time // nil: time.Now
}

// New returns the handler of /{namespace}/{name}/scim/v2/… of every tenant.
func New(d Deps) http.Handler {
	return http.NotFoundHandler()
}
