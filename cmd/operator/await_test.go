package main

import (
	"context"
	"errors"
	"net"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"
)

// api answers with each of the errors in turn, and with success then.
type api struct {
	errs  []error
	asked int
}

func (a *api) ServerVersion() (*version.Info, error) {
	a.asked++
	if a.asked > len(a.errs) {
		return &version.Info{}, nil
	}
	return nil, a.errs[a.asked-1]
}

func TestAwaitCluster(t *testing.T) {
	t.Parallel()
	refused := &url.Error{Op: "Get", URL: "https://10.0.0.1/version", Err: &net.OpError{Op: "dial", Err: errors.New("connection refused")}}
	starting := apierrors.NewServiceUnavailable("not ready")
	for name, tc := range map[string]struct {
		errs  []error
		asked int
		took  time.Duration
	}{
		"there":            {nil, 1, 0},
		"comes later":      {[]error{refused, starting, refused}, 4, 3 * time.Second},
		"says no":          {[]error{apierrors.NewForbidden(schema.GroupResource{}, "", errors.New("no")), refused}, 1, 0},
		"is no API server": {[]error{errors.New("invalid character '<'")}, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a, began := &api{errs: tc.errs}, time.Now()
				awaitCluster(t.Context(), a, time.Second, logr.Discard())
				if took := time.Since(began); a.asked != tc.asked || took != tc.took {
					t.Errorf("asked %d times in %s, want %d in %s", a.asked, took, tc.asked, tc.took)
				}
			})
		})
	}
}

func TestAwaitClusterEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a := &api{errs: []error{apierrors.NewServiceUnavailable("away"), apierrors.NewServiceUnavailable("away")}}
	awaitCluster(ctx, a, time.Hour, logr.Discard())
	if a.asked != 1 {
		t.Errorf("asked %d times", a.asked)
	}
}
