package telemetry

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"github.com/scim-operator/scim-operator/scimserver/httpapi"
)

// NewLogger writes JSON lines from the level on: debug, info, warn or error.
func NewLogger(w io.Writer, level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("log level %q: use debug, info, warn or error", level)
	}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: l})), nil
}

// Refusals is an httpapi.Observer that logs what clients were refused, and why. httpapi itself logs failures of the server
// and, for debugging, every request. The line names the route, not the path, which may hold a person's data.
type Refusals struct {
	Log *slog.Logger
}

// Observe implements httpapi.Observer. 404 is no refusal: it is how identity providers look whether somebody is there.
func (l Refusals) Observe(e httpapi.Exchange) {
	if e.Err == nil || e.Status >= http.StatusInternalServerError || e.Status == http.StatusNotFound {
		return
	}
	l.Log.LogAttrs(context.Background(), slog.LevelInfo, "request refused",
		slog.String("requestID", e.RequestID), slog.String("tenant", e.Tenant), slog.String("credential", e.Credential),
		slog.String("method", e.Method), slog.String("route", e.Route), slog.Int("status", e.Status),
		slog.String("scimType", string(e.Err.ScimType)), slog.String("detail", e.Err.Loggable()))
}

// Observers tells several observers in turn.
type Observers []httpapi.Observer

// Observe implements httpapi.Observer.
func (o Observers) Observe(e httpapi.Exchange) {
	for _, each := range o {
		each.Observe(e)
	}
}
