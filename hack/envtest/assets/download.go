package assets

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"
)

// How long to wait for setup-envtest: for its list, which tells whether there is a way to its releases at all, and for a download.
const (
	listTimeout     = 20 * time.Second
	downloadTimeout = 10 * time.Minute
)

var errSlow = errors.New("no answer in time")

// downloader runs the setup-envtest that hack/tools pins.
type downloader struct {
	pinned pinned
	log    io.Writer
}

// download returns the folder of programs that setup-envtest has already, or downloads them.
func (d downloader) download(ctx context.Context) (string, error) {
	program, err := output(command(ctx, filepath.Join(d.pinned.root, "hack", "tools"), "go", "tool", "-n", "setup-envtest"))
	if err != nil {
		return "", err
	}
	series := d.pinned.series()
	if dir, err := limited(ctx, listTimeout, program, "use", "--installed-only", "--print", "path", series); err == nil {
		return dir, nil
	}
	list, err := limited(ctx, listTimeout, program, "list", series)
	if err != nil {
		return "", err
	}
	if list == "" {
		return "", fmt.Errorf("there is no release %s", series)
	}
	fmt.Fprintf(d.log, "downloading the envtest programs %s\n", series)
	return limited(ctx, downloadTimeout, program, "use", "--print", "path", series)
}

func limited(ctx context.Context, limit time.Duration, program string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errSlow)
	defer cancel()
	out, err := output(command(ctx, ".", program, args...))
	if errors.Is(context.Cause(ctx), errSlow) {
		err = fmt.Errorf("setup-envtest %s: %w", args[0], errSlow)
	}
	return out, err
}
