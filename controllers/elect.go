package controllers

import (
	"time"

	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/scim-operator/scim-operator/controllers/leader"
)

// Times of the election of a leader. An operator that ends gives its lease up, and another one sees that at its next look,
// up to 2.2 election periods later. One that dies keeps the lease until its duration is over. A leader that cannot prolong its
// lease for the time of the deadline, since the API server is away, ends: another one may be the leader soon.
const (
	leaseDuration  = 15 * time.Second
	renewDeadline  = 10 * time.Second
	electionPeriod = 500 * time.Millisecond
	// gracePeriod is how long passes that are under way may take when the operator ends. The Deployment's is longer.
	gracePeriod = 10 * time.Second
)

const leaseName = "operator.scim-operator.io"

// Elect completes the options of a manager with those of the election. It is for processes that end after the manager.
func Elect(o ctrl.Options) ctrl.Options {
	lease, deadline, period, grace := leaseDuration, renewDeadline, electionPeriod, gracePeriod
	o.LeaderElectionID = leaseName
	o.LeaderElectionReleaseOnCancel = true
	o.LeaseDuration, o.RenewDeadline, o.RetryPeriod, o.GracefulShutdownTimeout = &lease, &deadline, &period, &grace
	return o
}

// Fence keeps a manager that takes part in an election, with options of Elect, from writing while it is not surely the leader.
// The manager has to use the configuration and the options that are returned.
func Fence(config *rest.Config, o ctrl.Options) (*rest.Config, ctrl.Options, error) {
	if !o.LeaderElection {
		return config, o, nil
	}
	lease := leader.Lease{
		Namespace: o.LeaderElectionNamespace, Name: o.LeaderElectionID, Duration: *o.LeaseDuration, RenewDeadline: *o.RenewDeadline,
	}
	term := &leader.Term{}
	lock, err := lease.Lock(config, term)
	if err != nil {
		return nil, o, err
	}
	o.LeaderElectionResourceLockInterface = lock
	fenced := rest.CopyConfig(config)
	fenced.Wrap(term.Fence)
	return fenced, o, nil
}
