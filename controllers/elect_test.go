package controllers_test

import (
	"testing"

	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/scim-operator/scim-operator/controllers"
)

// TestFence: what is right for the lease, such as a time limit for requests, would end every watch of the controllers.
func TestFence(t *testing.T) {
	t.Parallel()
	config := &rest.Config{Host: "https://127.0.0.1:1"}
	options := controllers.Elect(ctrl.Options{LeaderElection: true, LeaderElectionNamespace: "scim-operator-system"})
	fenced, options, err := controllers.Fence(config, options)
	if err != nil {
		t.Fatal(err)
	}
	if options.LeaderElectionResourceLockInterface == nil {
		t.Error("the manager would make a lock of its own, which tells the term nothing")
	}
	for name, c := range map[string]*rest.Config{"given": config, "fenced": fenced} {
		if c.Timeout != 0 || c.UserAgent != "" {
			t.Errorf("%s: timeout %s and user agent %q, want none", name, c.Timeout, c.UserAgent)
		}
	}
	if config.WrapTransport != nil || fenced.WrapTransport == nil {
		t.Error("the fence stands before what is given, or not before what is returned")
	}
}
