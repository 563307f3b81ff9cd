package manifests

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// Options are what a Loader is made of.
type Options struct {
	// Dir is the folder with the manifests.
	Dir string
	// Data is where the credentials of tenants are kept, in credentials/NAMESPACE/NAME/, a file for each key that a
	// credentials Secret has.
	Data string
	// BaseURL is what identity providers see, where the manifests name none.
	BaseURL string
	// Previous is a file with the configuration of the last run, from which tenants that are not valid now keep their
	// entry; it need not be there.
	Previous string
	Log      *slog.Logger

	Now  func() time.Time // nil: time.Now
	Rand io.Reader        // nil: crypto/rand
	Poll time.Duration    // between two looks at the folder; 0: half a second
}

// Loader makes configurations from a folder.
type Loader struct {
	Options

	previous *config.Server
	told     map[string]compile.Finding
	wake     time.Time // when something ends that the configuration depends on; zero: never
}

// New makes a Loader. The error is about the options.
func New(o Options) (*Loader, error) {
	if info, err := os.Stat(o.Dir); err != nil {
		return nil, fmt.Errorf("manifests: %w", err)
	} else if !info.IsDir() {
		return nil, fmt.Errorf("manifests: %s is not a folder", o.Dir)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Poll == 0 {
		o.Poll = 500 * time.Millisecond
	}
	l := &Loader{Options: o}
	return l, l.readPrevious()
}

func (l *Loader) readPrevious() error {
	if l.Previous == "" {
		return nil
	}
	data, err := os.ReadFile(l.Previous)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("manifests: %w", err)
	}
	if l.previous, err = config.Decode(data); err != nil {
		l.Log.Warn("the configuration of the last run cannot be read, tenants that are not valid now have none", "file", l.Previous, "error", err)
	}
	return nil
}

// Run loads the manifests and offers the configuration, at first and after each change, until ctx ends. Manifests that
// cannot be loaded change nothing; at the start, without a configuration of the last run, they are an error.
func (l *Loader) Run(ctx context.Context, offer func(data []byte) error) error {
	seen := l.fingerprint()
	if err := l.once(offer); err != nil && l.previous == nil {
		return err
	}
	ticker := time.NewTicker(l.Poll)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		now := l.fingerprint()
		due := !l.wake.IsZero() && !l.Now().Before(l.wake)
		if now != seen || due {
			_ = l.once(offer) // it is logged
			seen = l.fingerprint()
		}
	}
}

// once loads and offers. What goes wrong is logged, and returned.
func (l *Loader) once(offer func(data []byte) error) error {
	l.wake = time.Time{}
	next, err := l.load()
	if err != nil {
		l.Log.Error("the manifests were refused, what is served stays", "folder", l.Dir, "error", err)
		return err
	}
	data, err := config.Encode(next)
	if err == nil {
		err = offer(data)
	}
	if err != nil {
		l.Log.Error("the configuration was refused, what is served stays", "error", err)
		return err
	}
	l.previous = next
	return nil
}

func (l *Loader) wakeAt(t time.Time) {
	if !t.IsZero() && (l.wake.IsZero() || t.Before(l.wake)) {
		l.wake = t
	}
}

// fingerprint changes when a manifest or a credential does. Times of files are compared rather than watched for, as that
// works on every file system.
func (l *Loader) fingerprint() string {
	var b strings.Builder
	names, err := files(l.Dir)
	if err != nil {
		return err.Error()
	}
	for _, name := range names {
		stamp(&b, filepath.Join(l.Dir, name))
	}
	_ = filepath.WalkDir(filepath.Join(l.Data, "credentials"), func(path string, _ fs.DirEntry, err error) error {
		if err == nil {
			stamp(&b, path)
		}
		return nil
	})
	return b.String()
}

func stamp(b *strings.Builder, path string) {
	if info, err := os.Stat(path); err == nil {
		fmt.Fprintln(b, path, info.Size(), info.ModTime().UnixNano())
	}
}
