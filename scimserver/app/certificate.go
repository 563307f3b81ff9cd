package app

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificateCheck is how often handshakes look whether the files changed.
const certificateCheck = 5 * time.Second

// certificate is a key pair in files that somebody replaces, as the kubelet does with those of a Secret.
type certificate struct {
	certFile, keyFile string
	clock             func() time.Time
	log               *slog.Logger

	mu      sync.Mutex
	pair    *tls.Certificate
	stamp   [2]time.Time
	checked time.Time
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.clock(); now.Sub(c.checked) >= certificateCheck {
		c.checked = now
		if err := c.reload(); err != nil {
			c.log.Error("TLS certificate was not reloaded; the earlier one is used further", "error", err)
		}
	}
	return c.pair, nil
}

func (c *certificate) load() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.checked = c.clock()
	return c.reload()
}

// reload reads the pair if one of the files is another than before. Between the replacement of the two files the pair
// does not match; the next check finds it whole.
func (c *certificate) reload() error {
	var stamp [2]time.Time
	for i, name := range []string{c.certFile, c.keyFile} {
		info, err := os.Stat(name)
		if err != nil {
			return fmt.Errorf("TLS certificate: %w", err)
		}
		stamp[i] = info.ModTime()
	}
	if c.pair != nil && stamp == c.stamp {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("TLS certificate: %w", err)
	}
	c.pair, c.stamp = &pair, stamp
	return nil
}
