package main

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// podReader has one pod, or an error.
type podReader struct {
	client.Reader
	pod corev1.Pod
	err error
}

func (r podReader) Get(_ context.Context, _ client.ObjectKey, o client.Object, _ ...client.GetOption) error {
	r.pod.DeepCopyInto(o.(*corev1.Pod))
	return r.err
}

func TestOwnImage(t *testing.T) {
	pod := func(names ...string) (p corev1.Pod) {
		for _, name := range names {
			p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: name, Image: "example.com/" + name})
		}
		return p
	}
	for name, tc := range map[string]struct {
		podName     string
		reader      podReader
		want, error string
	}{
		"in a pod":           {"p", podReader{pod: pod("sidecar", "manager")}, "example.com/manager", ""},
		"outside":            {"", podReader{err: errors.New("must not be asked")}, defaultImage, ""},
		"of another name":    {"p", podReader{pod: pod("sidecar")}, "", "has no container manager"},
		"pod cannot be read": {"p", podReader{err: errors.New("forbidden")}, "", "--server-image makes this needless"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("POD_NAMESPACE", "ns")
			t.Setenv("POD_NAME", tc.podName)
			got, err := ownImage(t.Context(), tc.reader)
			if got != tc.want || (err == nil) != (tc.error == "") || err != nil && !strings.Contains(err.Error(), tc.error) {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestFlags(t *testing.T) {
	t.Setenv("OPERATOR_IMAGE", "example.com/op:1")
	o := parse(flag.NewFlagSet("operator", flag.ContinueOnError), []string{"--default-base-url=https://scim.example.com", "--log-level=debug", "--leader-elect"})
	if o.controllers.Image != "example.com/op:1" || o.controllers.DefaultBaseURL != "https://scim.example.com" || o.logLevel != slog.LevelDebug || !o.leaderElect {
		t.Errorf("options %+v", o)
	}
	if o := parse(flag.NewFlagSet("operator", flag.ContinueOnError), nil); o.namespaces != "" || o.leaderElect || o.resync != 10*time.Hour {
		t.Errorf("defaults %+v", o)
	}
	if err := run(t.Context(), options{logFormat: "json", namespaces: "Team_A"}); err == nil || !strings.Contains(err.Error(), "--watch-namespaces") {
		t.Errorf("a bad name of a namespace: %v", err)
	}
	if _, err := newLogger(options{logFormat: "xml"}); err == nil {
		t.Error("an unknown log format was taken")
	}
}
