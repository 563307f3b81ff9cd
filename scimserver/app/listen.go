package app

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Times of a connection. A body of the largest size must fit into readTimeout on a slow line, the largest answer into
// writeTimeout.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = time.Minute
	writeTimeout      = 2 * time.Minute
	idleTimeout       = 2 * time.Minute // longer than that of common load balancers
	maxHeaderBytes    = 64 << 10
)

// listener is an HTTP server on a bound address.
type listener struct {
	net    net.Listener
	server *http.Server
}

func listen(addr string, h http.Handler, log *slog.Logger) (*listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %q: %w", addr, err)
	}
	return &listener{net: l, server: &http.Server{
		Handler:           h,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug), // clients that break off, scanners without TLS
	}}, nil
}

// useTLS makes it TLS 1.2 or later.
func (l *listener) useTLS(certFile, keyFile string, clock func() time.Time, log *slog.Logger) error {
	c := &certificate{certFile: certFile, keyFile: keyFile, clock: clock, log: log}
	if err := c.load(); err != nil {
		return err
	}
	l.server.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}
	return nil
}

func (l *listener) addr() string { return l.net.Addr().String() }

func (l *listener) close() error { return l.net.Close() }

func (l *listener) serve() error {
	err := l.accept()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve on %s: %w", l.addr(), err)
}

func (l *listener) accept() error {
	if l.server.TLSConfig != nil {
		return l.server.ServeTLS(l.net, "", "")
	}
	return l.server.Serve(l.net)
}
