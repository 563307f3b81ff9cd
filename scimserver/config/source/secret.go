package source

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
)

// healthyWatch is how long a watch must last to prove that the API server is well.
const healthyWatch = 5 * time.Second

// Secret follows the config Secret. The Secret, the right to read it and the API server itself may come later than the
// server; a Secret that is deleted changes nothing.
type Secret struct {
	Client *Client
	Object
	Backoff Backoff
	Log     *slog.Logger

	version string // to resume from; empty: begin with the Secret as it is
}

// Run calls offer with each new content until ctx ends, and returns ctx's error. What offer thinks of the content does
// not concern it: the next change is offered again.
func (s *Secret) Run(ctx context.Context, offer func(data []byte) error) error {
	log := s.Log.With("secret", s.String())
	for {
		began := time.Now()
		err := s.Client.watch(ctx, s.Object, s.version, func(typ string, o object) { s.event(log, typ, o, offer) })
		if ctx.Err() != nil {
			return ctx.Err()
		}
		healthy := time.Since(began) >= healthyWatch
		if healthy {
			s.Backoff.Reset()
		}
		if err != nil {
			s.failed(log, err)
		}
		if err == nil && healthy {
			continue
		}
		if err := s.Backoff.Wait(ctx); err != nil {
			return err
		}
	}
}

func (s *Secret) event(log *slog.Logger, typ string, o object, offer func(data []byte) error) {
	s.version = o.Metadata.ResourceVersion
	switch typ {
	case "ADDED", "MODIFIED":
		_ = offer(o.Data[config.SecretKey]) // whoever refuses it says so
	case "DELETED":
		log.Warn("config Secret was deleted; what was loaded is served further")
	}
}

// failed forgets the resource version: whatever went wrong, beginning with the Secret as it is cannot be.
func (s *Secret) failed(log *slog.Logger, err error) {
	s.version = ""
	var status *StatusError
	if errors.As(err, &status) && status.Code == http.StatusGone {
		log.Debug("watch begins anew", "error", err)
		return
	}
	log.Warn("config Secret cannot be watched; trying again", "error", err)
}
