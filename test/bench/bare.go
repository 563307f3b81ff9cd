package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"

	"github.com/scim-operator/scim-operator/test/bench/people"
	"github.com/scim-operator/scim-operator/test/bench/wire"
	"github.com/scim-operator/scim-operator/test/program"
)

// bareCommand makes this program the bare server.
const bareCommand = "bare"

// bareBody is 1 KB of JSON.
func bareBody() []byte {
	user := people.AppendUser(nil, 0, 0)
	padding := bytes.Repeat([]byte("x"), max(0, 1024-len(user)-len(`,"x":""`)))
	return fmt.Appendf(nil, `%s,"x":"%s"}`, user[:len(user)-1], padding)
}

// bareHandler reads what it is sent and answers 1 KB.
func bareHandler() http.Handler {
	body := bareBody()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
		}
		w.Header().Set("Content-Type", "application/scim+json")
		_, _ = w.Write(body)
	})
}

// serveBare serves on a free loopback port, which it prints, until it is killed.
func serveBare(out io.Writer) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, l.Addr()); err != nil {
		return err
	}
	return (&http.Server{Handler: bareHandler()}).Serve(l) //nolint:gosec // as bare as it can be
}

// bareServer is this program running as the bare server.
type bareServer struct {
	cmd     *exec.Cmd
	address string
}

func startBare() (*bareServer, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, bareCommand)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = program.EndWithParent()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	b := &bareServer{cmd: cmd}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("bare server: %w", err), b.stop())
	}
	b.address = strings.TrimSpace(line)
	return b, nil
}

func (b *bareServer) subject() subject {
	return subject{target: wire.Target{Address: b.address, Token: "none"}, pid: b.cmd.Process.Pid}
}

func (b *bareServer) stop() error {
	err := b.cmd.Process.Kill()
	_ = b.cmd.Wait() // killed
	return err
}
