package assets

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// every is the time between two lines of progress.
const every = 10 * time.Second

// builder builds the programs from the pinned modules. What a stopped build compiled stays in Go's build cache.
type builder struct {
	pinned pinned
	log    io.Writer
}

func (b builder) build(ctx context.Context, dir string) error {
	source := b.pinned.source()
	fmt.Fprintf(b.log, "building Kubernetes %s and etcd for envtest: once, about ten minutes on two cores\n", b.pinned.version)
	packages, err := output(command(ctx, source, "go", "list", "-deps", "."))
	if err != nil {
		return err
	}
	program := filepath.Join(dir, "kube")
	cmd := command(ctx, source, "go", "build", "-v", "-trimpath", "-buildvcs=false", "-ldflags", b.ldflags(), "-o", program, ".")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	p := progress{log: b.log, of: len(strings.Fields(packages))}
	p.follow(stderr, every)
	if err := cmd.Wait(); err != nil {
		return err
	}
	for _, name := range Programs { // one file: it acts by the name that it is called by
		if err := os.Link(program, filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return os.Remove(program)
}

// ldflags name the version, which the API server tells its clients, and leave out what only a debugger needs.
func (b builder) ldflags() string {
	version, parts := b.pinned.version, b.pinned.parts()
	const pkg = "k8s.io/component-base/version"
	set := []string{
		pkg + ".gitVersion=" + version, pkg + ".gitMajor=" + parts[0], pkg + ".gitMinor=" + parts[1], pkg + ".gitCommit=none",
		pkg + ".gitTreeState=clean", pkg + ".buildDate=1970-01-01T00:00:00Z", "k8s.io/client-go/pkg/version.gitVersion=" + version,
	}
	return "-s -w -X " + strings.Join(set, " -X ")
}

// progress counts what `go build -v` says it compiles and passes on everything else that it says.
type progress struct {
	log        io.Writer
	of         int // packages in all; those in Go's build cache are not compiled
	compiled   int
	downloaded int
}

// follow reads to the end, and says every interval how far it is.
func (p *progress) follow(r io.Reader, every time.Duration) {
	lines := make(chan string)
	go func() {
		defer close(lines)
		scanner := bufio.NewScanner(r)
		for scanner.Scan() {
			lines <- scanner.Text()
		}
		_, _ = io.Copy(io.Discard, r) // a line too long for the scanner must not block the build
	}()
	began, tick := time.Now(), time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				return
			}
			p.count(line)
		case <-tick.C:
			fmt.Fprintf(p.log, "%4.0f s: %d modules downloaded, %d of at most %d packages compiled\n",
				time.Since(began).Seconds(), p.downloaded, p.compiled, p.of)
		}
	}
}

func (p *progress) count(line string) {
	switch {
	case strings.HasPrefix(line, "go: downloading "):
		p.downloaded++
	case strings.ContainsAny(line, " \t:"): // a package has none of them: what the compiler complains of
		fmt.Fprintln(p.log, line)
	default:
		p.compiled++
	}
}
