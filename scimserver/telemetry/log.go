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

// RequestLog is an httpapi.Observer that writes a line for each request: failures of the server as errors, refusals as
// info, the rest for debugging. It names the route, not the path, which may hold a person's data.
type RequestLog struct {
	Log *slog.Logger
}

// Observe implements httpapi.Observer.
func (l RequestLog) Observe(e httpapi.Exchange) {
	level := requestLevel(e.Status)
	if !l.Log.Enabled(context.Background(), level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("requestID", e.RequestID), slog.String("tenant", e.Tenant), slog.String("token", e.Subject),
		slog.String("method", e.Method), slog.String("route", e.Route), slog.Int("status", e.Status), slog.Float64("seconds", e.Duration.Seconds()),
	}
	if len(e.Tolerances) > 0 {
		attrs = append(attrs, slog.Any("tolerances", e.Tolerances))
	}
	if e.Err != nil {
		attrs = append(attrs, slog.String("error", e.Err.Error()))
	}
	if e.Err != nil && e.Err.Unwrap() != nil {
		attrs = append(attrs, slog.String("cause", e.Err.Unwrap().Error()))
	}
	l.Log.LogAttrs(context.Background(), level, "request", attrs...)
}

// requestLevel: 404 is how identity providers look whether somebody is there.
func requestLevel(status int) slog.Level {
	switch {
	case status >= http.StatusInternalServerError && status != http.StatusServiceUnavailable:
		return slog.LevelError
	case status >= http.StatusBadRequest && status != http.StatusNotFound:
		return slog.LevelInfo
	}
	return slog.LevelDebug
}

// Observers tells several observers in turn.
type Observers []httpapi.Observer

// Observe implements httpapi.Observer.
func (o Observers) Observe(e httpapi.Exchange) {
	for _, each := range o {
		each.Observe(e)
	}
}
