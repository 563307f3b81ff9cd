package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/config/source/sourcetest"
	"github.com/scim-operator/scim-operator/test/program"
)

// setup is what is measured.
type setup struct {
	server, dir, kind string
	tenants           int
	idle              time.Duration
}

// figures are the results.
type figures struct {
	secrets         int
	start, apply    time.Duration
	applyCPU        time.Duration
	memory          int64
	idle            float64 // part of a processor
	listen, opsAddr string
}

const token = "scim_for_a_benchmark"

func (s setup) configuration(tenants int) *config.Server {
	c := &config.Server{Version: config.Version, Name: namespace + "/shared", BaseURL: "https://scim.example.com"}
	for n := range tenants {
		c.Tenants = append(c.Tenants, s.tenant(n))
	}
	return c
}

func (s setup) tenant(n int) config.Tenant {
	t := config.Tenant{
		Key: fmt.Sprintf("customer-%05d/acme", n), UID: fmt.Sprintf("6fd8b0c2-0000-4000-8000-%012d", n), Generation: 1, IdentityProvider: "EntraID",
		Protocol: "Compatible", UniqueIdentifier: "userName", Groups: true,
		Tokens: []config.Token{{ID: fmt.Sprintf("t%05d", n), SHA256: config.HashToken(fmt.Sprint(token, n))}},
		Limits: config.Limits{RequestsPerSecond: 50, Burst: 100, ConcurrentRequests: 10, Users: 100_000, Groups: 10_000, BodyBytes: 2 << 20},
	}
	if s.kind == "applications" {
		provision(&t, n%5)
	}
	return t
}

// provision gives the tenant one of a few applications, with a mapping of paths and expressions.
func provision(t *config.Tenant, n int) {
	a := &config.Application{Name: fmt.Sprintf("apps/inventory-%d", n)}
	m := &config.Mapping{Role: &config.RoleRule{From: "title", Order: config.GroupsFirst, Default: "Viewer", Unknown: config.UseDefault, Assign: config.Always}}
	for f := range 20 {
		name := fmt.Sprintf("field%d", f)
		a.Fields = append(a.Fields, config.Field{Name: name, Type: "String"})
		rule := config.AttributeRule{Field: name, From: `emails[type eq "work"].value`}
		if f%2 == 0 {
			rule = config.AttributeRule{Field: name, Expression: `user.userName + " of " + string(size(user.userName))`}
		}
		m.Attributes = append(m.Attributes, rule)
	}
	for r := range 20 {
		a.Roles = append(a.Roles, fmt.Sprintf("Role %d", r))
	}
	a.Roles = append(a.Roles, "Viewer")
	t.Application, t.Mapping, t.Lifecycle = a, m, config.DefaultLifecycle()
}

const (
	namespace = "scim-system"
	secret    = "shared-config"
)

func measure(ctx context.Context, s setup) (f figures, err error) {
	api := sourcetest.New()
	defer api.Stop()
	first, err := config.Split(s.configuration(s.tenants), nil)
	if err != nil {
		return f, err
	}
	have := config.Set{}
	for n, data := range first.Data {
		shard, err := config.DecodeShard(data)
		if err != nil {
			return f, err
		}
		have[n] = config.Stored{Shard: shard, Data: data}
		api.Write(secret, n, data)
	}
	f.secrets = len(first.Data)
	began := time.Now()
	cmd, err := s.launch(&f, api)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, cmd.Process.Signal(os.Interrupt), cmd.Wait()) }()
	if err := until(ctx, func() bool { return status("http://"+f.opsAddr+"/readyz", "") == http.StatusOK }); err != nil {
		return f, fmt.Errorf("the server did not become ready: %w", err)
	}
	f.start = time.Since(began)
	if err := f.rest(ctx, cmd.Process.Pid, s.idle); err != nil {
		return f, err
	}
	return f, f.add(ctx, s, cmd.Process.Pid, api, have)
}

// rest reads what the server takes while nobody asks for anything.
func (f *figures) rest(ctx context.Context, pid int, idle time.Duration) error {
	var before time.Duration
	for _, part := range []time.Duration{idle / 4, idle * 3 / 4} { // in the first part it gets to rest
		used, err := program.CPU(pid)
		if err != nil {
			return err
		}
		before = used
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(part):
		}
	}
	after, err := program.CPU(pid)
	if err != nil {
		return err
	}
	f.idle = float64(after-before) / float64(idle*3/4)
	m, err := program.ReadMemory(pid)
	f.memory = m.RSS
	return err
}

// add writes the configuration with one more tenant, as the operator does, and waits until that is served.
func (f *figures) add(ctx context.Context, s setup, pid int, api *sourcetest.Server, have config.Set) error {
	before, err := program.CPU(pid)
	if err != nil {
		return err
	}
	next := s.configuration(s.tenants + 1)
	began := time.Now()
	plan, err := config.Split(next, have)
	if err != nil {
		return err
	}
	for _, w := range plan.Writes {
		api.Write(secret, w.Shard, w.Data)
	}
	url := fmt.Sprintf("http://%s/customer-%05d/acme/scim/v2/Users", f.listen, s.tenants)
	if err := until(ctx, func() bool { return status(url, fmt.Sprint(token, s.tenants)) == http.StatusOK }); err != nil {
		return fmt.Errorf("the new tenant was not served: %w", err)
	}
	f.apply = time.Since(began)
	after, err := program.CPU(pid)
	f.applyCPU = after - before
	return err
}

func (s setup) launch(f *figures, api *sourcetest.Server) (*exec.Cmd, error) {
	file := filepath.Join(s.dir, s.kind+".kubeconfig")
	if err := sourcetest.Kubeconfig(file, api.URL); err != nil {
		return nil, err
	}
	addresses, err := program.FreeAddresses(2)
	if err != nil {
		return nil, err
	}
	f.listen, f.opsAddr = addresses[0], addresses[1]
	log, err := os.Create(filepath.Join(s.dir, s.kind+".log"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(s.server, "serve", "--config-secret", namespace+"/"+secret, "--kubeconfig", file, "--pod-name", "shared-0",
		"--data", filepath.Join(s.dir, s.kind), "--listen", f.listen, "--ops-listen", f.opsAddr, "--drain", "0s")
	cmd.Stderr, cmd.SysProcAttr = log, program.EndWithParent()
	return cmd, cmd.Start()
}

// until asks again and again, for a minute at most.
func until(ctx context.Context, ok func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for !ok() {
		select {
		case <-look.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// status of an answer, 0 if there is none.
func status(url, token string) int {
	req, err := http.NewRequest(http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}
