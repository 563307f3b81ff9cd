package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
)

// server is the process that stands for the one pod of a StatefulSet.
type server struct {
	process *process
	args    []string // of the StatefulSet, to see a change
	listen  string
	ops     string
}

func startServer(data *dataDir, kubeconfig string, set *appsv1.StatefulSet) (*server, error) {
	folder := data.path("servers", set.Namespace+"_"+set.Name)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	s := &server{args: containerArgs(set), listen: ports[0], ops: ports[1]}
	// The last of two equal flags counts.
	args := append(slices.Clone(s.args), "--data="+folder, "--listen="+s.listen, "--ops-listen="+s.ops,
		"--kubeconfig="+kubeconfig, "--pod-name="+set.Name+"-0")
	out := data.log("server-" + set.Namespace + "-" + set.Name)
	s.process, err = start(out, data.path("bin", "scimserver"), os.Environ(), args...)
	return s, err
}

func containerArgs(set *appsv1.StatefulSet) []string {
	for _, c := range set.Spec.Template.Spec.Containers {
		if slices.Contains(c.Args, "serve") {
			return slices.DeleteFunc(slices.Clone(c.Args), func(a string) bool { return strings.HasPrefix(a, "--tls-") })
		}
	}
	return nil
}

func freePorts(n int) ([]string, error) {
	var addrs []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer l.Close()
		addrs = append(addrs, l.Addr().String())
	}
	return addrs, nil
}

func (s *server) runs(set *appsv1.StatefulSet) bool {
	select {
	case <-s.process.done:
		return false
	default:
		return slices.Equal(s.args, containerArgs(set))
	}
}

func (s *server) ready(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.ops+"/readyz", nil)
	if err != nil {
		return false
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode == http.StatusOK
}

func (s *server) nextCheck(ready bool) time.Duration {
	if ready {
		return 5 * time.Second
	}
	return 200 * time.Millisecond
}
