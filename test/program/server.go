package program

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// Options say what to run.
type Options struct {
	Binary    string
	Manifests string // folder
	Data      string // folder
	Log       string // file to which the output of the server is appended
	Args      []string
}

// Server is a running server process.
type Server struct {
	Address    string // host:port of the SCIM endpoints
	OpsAddress string // of health, metrics and profiles
	log        string
	cmd        *exec.Cmd
	exited     chan struct{} // closed when the process has ended
	state      error
}

// Launch starts the process; it may not listen yet. It ends at the latest with the program that has launched it.
func Launch(o Options) (*Server, error) {
	addresses, err := FreeAddresses(2)
	if err != nil {
		return nil, err
	}
	log, err := os.OpenFile(o.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close() // the child has its own
	s := &Server{Address: addresses[0], OpsAddress: addresses[1], log: o.Log, exited: make(chan struct{})}
	args := append([]string{
		"serve", "--manifests", o.Manifests, "--data", o.Data, "--listen", s.Address, "--ops-listen", s.OpsAddress, "--drain", "0s",
	}, o.Args...)
	s.cmd = exec.Command(o.Binary, args...) // not bound to a context: Kill and Stop end it, and tell whether it ended well
	s.cmd.Stdout, s.cmd.Stderr = log, log
	s.cmd.SysProcAttr = EndWithParent()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		s.state = s.cmd.Wait()
		close(s.exited)
	}()
	return s, nil
}

// FreeAddresses are loopback addresses on which nothing listens now.
func FreeAddresses(n int) (addresses []string, err error) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() // all are held until the end, so that they differ
		addresses = append(addresses, l.Addr().String())
	}
	return addresses, nil
}

// pollEvery is the time between two looks at a server that is starting.
const pollEvery = 5 * time.Millisecond

// Ready waits until the server answers requests of the tenant. An error holds the end of the server's log.
func (s *Server) Ready(ctx context.Context, t Tenant) error {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	var last error
	for {
		if last = s.answers(ctx, t); last == nil {
			return nil
		}
		select {
		case <-s.exited:
			return fmt.Errorf("server ended while it started: %w\n%s", s.state, s.LogTail())
		case <-ctx.Done():
			return fmt.Errorf("server is not ready: %w (%w)\n%s", last, ctx.Err(), s.LogTail())
		case <-ticker.C:
		}
	}
}

func (s *Server) answers(ctx context.Context, t Tenant) error {
	if err := get(ctx, "http://"+s.OpsAddress+"/readyz", ""); err != nil {
		return err
	}
	return get(ctx, "http://"+s.Address+t.Base+"/ServiceProviderConfig", t.Token)
}

func get(ctx context.Context, url, token string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Close = true
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", url, res.Status)
	}
	return nil
}

// PID is the process's id.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Exited is closed when the process has ended.
func (s *Server) Exited() <-chan struct{} { return s.exited }

// Kill ends the process at once, as kill -9 does, and waits for its end.
func (s *Server) Kill() error {
	err := s.cmd.Process.Kill()
	<-s.exited
	if errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("server had ended by itself: %w\n%s", s.state, s.LogTail())
	}
	return err
}

// stopWithin is how long a server may take for its graceful end.
const stopWithin = 30 * time.Second

// Stop ends the process gracefully.
func (s *Server) Stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	timer := time.NewTimer(stopWithin)
	defer timer.Stop()
	select {
	case <-s.exited:
	case <-timer.C:
		return errors.Join(fmt.Errorf("server has not ended within %s", stopWithin), s.Kill())
	}
	if s.state != nil {
		return fmt.Errorf("server: %w\n%s", s.state, s.LogTail())
	}
	return nil
}

// LogTail is the end of the server's log.
func (s *Server) LogTail() string {
	data, err := os.ReadFile(s.log)
	if err != nil {
		return err.Error()
	}
	const length = 4 << 10
	return string(data[max(0, len(data)-length):])
}
