//go:build unix

package postgres

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/postgres/pgtest"
)

const (
	pausedURI   = "SCIM_PAUSED_URI"
	pausedOwner = "SCIM_PAUSED_OWNER"
)

func init() { children[pausedURI] = writeInside }

// writeInside says when it is in a transaction, goes on when it is told to, and says what has become of it. The transaction may be tried again.
func writeInside(uri string) error {
	ctx := context.Background()
	s, err := Open(ctx, Options{URI: uri})
	if err != nil {
		return err
	}
	defer s.Close()
	if owner := os.Getenv(pausedOwner); owner != "" {
		if others, err := s.Own(ctx, owner, map[string]string{"a/b": ""}); err != nil || len(others) > 0 {
			return fmt.Errorf("own: %v, %w", others, err)
		}
	}
	tries := 0
	err = s.Update(ctx, "a/b", func(w store.Writer) error {
		if err := w.SetState(ctx, "of the paused", []byte("x")); err != nil {
			return err
		}
		if _, err := w.State(ctx, "mine"); err != nil { // so that it is sent
			return err
		}
		if tries++; tries > 1 {
			return nil
		}
		fmt.Println("inside")
		_, err := bufio.NewReader(os.Stdin).ReadString('\n')
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotOwner):
		fmt.Println("not the owner")
	case err != nil:
		fmt.Println(err)
	default:
		fmt.Println("done after", tries)
	}
	return nil
}

// paused is a process that stands still in the middle of a transaction.
type paused struct {
	testing.TB
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func pause(tb testing.TB, uri, owner string) *paused {
	tb.Helper()
	p := &paused{TB: tb, cmd: exec.Command(os.Args[0])}
	p.cmd.Env = append(os.Environ(), pausedURI+"="+uri, pausedOwner+"="+owner)
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err == nil {
		p.in, err = p.cmd.StdinPipe()
	}
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = p.cmd.Process.Kill() // where the test has failed
		_ = p.cmd.Wait()
	})
	p.out = bufio.NewReader(out)
	p.says("inside\n")
	p.signal(syscall.SIGSTOP)
	return p
}

func (p *paused) signal(s os.Signal) {
	p.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.Fatal(err)
	}
}

func (p *paused) says(want string) {
	p.Helper()
	if got, err := p.out.ReadString('\n'); got != want || err != nil {
		p.Errorf("the other process says %q, %v; want %q", got, err, want)
	}
}

// goOn lets the process go on, as if nothing had happened.
func (p *paused) goOn() {
	p.Helper()
	if _, err := p.in.Write([]byte("\n")); err != nil {
		p.Fatal(err)
	}
	p.signal(syscall.SIGCONT)
}

// TestPaused: a process stands still in a transaction, with the tenant locked. Others wait for seconds, and then go on; what it was doing
// happens once, when it goes on, or not at all, when the tenant belongs to another server by then.
func TestPaused(t *testing.T) {
	t.Parallel()
	const most = 20 * time.Second
	t.Run("a replica", func(t *testing.T) {
		t.Parallel()
		uri := pgtest.Database(t)
		s := openFor(t, Options{URI: uri})
		works(t, s)
		p := pause(t, uri, "")
		began := time.Now()
		if err := note(t.Context(), s, "mine"); err != nil || time.Since(began) > most {
			t.Errorf("a write beside it took %s: %v", time.Since(began), err)
		}
		p.goOn()
		p.says("done after 2\n")
		if value, err := noted(t.Context(), s, "of the paused"); err != nil || string(value) != "x" {
			t.Errorf("it has written %q, %v", value, err)
		}
	})
	t.Run("the earlier owner", func(t *testing.T) {
		t.Parallel()
		const east, west = "scim-system/east/uid-east", "scim-system/west/uid-west"
		uri := pgtest.Database(t)
		p := pause(t, uri, east)
		s := openFor(t, Options{URI: uri})
		if others, err := s.Own(t.Context(), west, map[string]string{"a/b": ""}); err != nil || others["a/b"].Owner != east {
			t.Fatalf("a second server finds %v, %v", others, err)
		}
		if err := note(t.Context(), s, "x"); !errors.Is(err, store.ErrNotOwner) {
			t.Errorf("a second server writes: %v", err)
		}
		began := time.Now()
		if others, err := s.Own(t.Context(), west, map[string]string{"a/b": east}); err != nil || len(others) > 0 || time.Since(began) > most {
			t.Fatalf("taking it over took %s: %v, %v", time.Since(began), others, err)
		}
		if err := note(t.Context(), s, "mine"); err != nil {
			t.Error(err)
		}
		p.goOn()
		p.says("not the owner\n")
		if value, err := noted(t.Context(), s, "of the paused"); err != nil || value != nil {
			t.Errorf("the earlier owner has written %q, %v", value, err)
		}
	})
}
