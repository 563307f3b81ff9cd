package kubeutil

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// Times of retries.
const (
	// stale is when to look again after a write that lost against another one: the cache will have seen it by then.
	stale = 200 * time.Millisecond
	// Recheck is when to look again at what no watch tells of.
	Recheck = time.Minute
)

// Result ends a reconciliation. A write that came too late is no error, but a reason to look again soon; a namespace
// that is being deleted takes everything along, so there is nothing left to do.
func Result(requeue time.Duration, err error) (ctrl.Result, error) {
	if NamespaceTerminating(err) {
		return ctrl.Result{}, nil
	}
	if apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) {
		return ctrl.Result{RequeueAfter: stale}, nil
	}
	return ctrl.Result{RequeueAfter: requeue}, err
}

// NamespaceTerminating tells whether the API server refused to create an object because its namespace is being deleted.
func NamespaceTerminating(err error) bool {
	return apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause)
}

// Earlier is the shorter of two times to wait, where 0 is forever.
func Earlier(a, b time.Duration) time.Duration {
	if a == 0 || (b != 0 && b < a) {
		return b
	}
	return a
}

// Options are those of every controller. A pass mostly waits for the API server, so several run at once; errors are
// retried fast at first, and at last every five minutes. The queue is controller-runtime's priority queue: of a thousand
// objects that a start or a resync lists, none holds up the one that somebody changes meanwhile.
func Options() controller.Options {
	on, timeout := true, 2*time.Minute
	return controller.Options{
		MaxConcurrentReconciles: 8,
		ReconciliationTimeout:   timeout,
		UsePriorityQueue:        &on,
		RateLimiter: workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](
			250*time.Millisecond, 5*time.Minute),
	}
}
