package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// profileTime is the length of a CPU profile.
const profileTime = 4 * time.Second

// profiler fetches profiles from the ops port of a server that runs with --pprof.
type profiler struct {
	dir  string // empty: no profiles
	base string // URL of /debug/pprof
}

// run drives a series, unmeasured, while profiles of it are taken.
func (p profiler) run(ctx context.Context, m *meter, s series, users int) error {
	if p.dir == "" {
		return nil
	}
	name := strings.NewReplacer(" ", "-", ",", "").Replace(fmt.Sprintf("%d-%s", users, s.name()))
	if group := s.ops[0].group; group >= 0 {
		name += fmt.Sprintf("-group-%d", group)
	}
	loadCtx, done := context.WithCancel(ctx)
	cycled := make(chan error, 1)
	go func() { cycled <- m.cycle(loadCtx, s) }()
	err := p.fetch(ctx, name)
	done()
	if cycleErr := <-cycled; !errors.Is(cycleErr, context.Canceled) {
		err = errors.Join(err, cycleErr)
	}
	if err != nil {
		return err
	}
	return m.undo(ctx, s)
}

// cycle drives the operations of a series in turn until ctx ends.
func (m *meter) cycle(ctx context.Context, s series) error {
	for ctx.Err() == nil {
		for _, op := range s.ops {
			if _, err := m.pool.Run(ctx, op.Operation, m.round); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p profiler) fetch(ctx context.Context, name string) error {
	cpu := fmt.Sprintf("%s/profile?seconds=%d", p.base, int(profileTime.Seconds()))
	if err := download(ctx, cpu, filepath.Join(p.dir, name+".cpu.pprof")); err != nil {
		return err
	}
	return download(ctx, p.base+"/allocs", filepath.Join(p.dir, name+".allocs.pprof"))
}

func download(ctx context.Context, url, file string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", url, res.Status)
	}
	return os.WriteFile(file, data, 0o600)
}
