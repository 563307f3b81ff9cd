package controllers

import (
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
)

// Times of the election of a leader. An operator that ends gives its lease up, and another one sees that at its next look,
// up to 2.2 election periods later. One that dies keeps the lease until its duration is over. A leader that cannot prolong its
// lease for the time of the deadline, since the API server is away, ends: another one may be the leader by then.
const (
	leaseDuration  = 15 * time.Second
	renewDeadline  = 10 * time.Second
	electionPeriod = 500 * time.Millisecond
	// gracePeriod is how long passes that are under way may take when the operator ends. The Deployment's is longer.
	gracePeriod = 10 * time.Second
)

// Elect completes the options of a manager with those of the election. It is for processes that end after the manager.
func Elect(o ctrl.Options) ctrl.Options {
	lease, deadline, period, grace := leaseDuration, renewDeadline, electionPeriod, gracePeriod
	o.LeaderElectionID = "operator.scim-operator.io"
	o.LeaderElectionReleaseOnCancel = true
	o.LeaseDuration, o.RenewDeadline, o.RetryPeriod, o.GracefulShutdownTimeout = &lease, &deadline, &period, &grace
	return o
}
