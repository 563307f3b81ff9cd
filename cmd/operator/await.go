package main

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/discovery"
)

// retryPeriod is the time between two attempts to reach the API server.
const retryPeriod = 5 * time.Second

// awaitCluster waits until the API server answers or ctx ends, so that an operator which starts before it, or while it is away,
// does not end again and again. What else may be wrong shows with the first request that matters.
func awaitCluster(ctx context.Context, api discovery.ServerVersionInterface, every time.Duration, log logr.Logger) {
	for {
		_, err := api.ServerVersion()
		if !unreachable(err) {
			return
		}
		log.Error(err, "The API server cannot be reached, trying again", "after", every.String())
		select {
		case <-ctx.Done():
			return
		case <-time.After(every):
		}
	}
}

// unreachable tells whether an error is that of a server which is not there, or not ready yet.
func unreachable(err error) bool {
	var network net.Error
	return errors.As(err, &network) || apierrors.IsServiceUnavailable(err) || apierrors.IsInternalError(err) || apierrors.IsTooManyRequests(err)
}
