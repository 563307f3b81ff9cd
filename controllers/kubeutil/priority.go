package kubeutil

import (
	"context"
	"time"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// Background is the priority of what follows from other objects and may concern very many: the tenants of a server that has
// changed, the counts that pods report. What somebody changes in an object itself has 0 and comes first; initial lists and
// resyncs have handler.LowPriority and come last.
const Background = -10

// FanOut lets a handler add its requests with the priority Background.
func FanOut(h handler.EventHandler) handler.EventHandler {
	return handler.Funcs{
		CreateFunc:  func(ctx context.Context, e event.CreateEvent, q queue) { h.Create(ctx, e, background(q)) },
		UpdateFunc:  func(ctx context.Context, e event.UpdateEvent, q queue) { h.Update(ctx, e, background(q)) },
		DeleteFunc:  func(ctx context.Context, e event.DeleteEvent, q queue) { h.Delete(ctx, e, background(q)) },
		GenericFunc: func(ctx context.Context, e event.GenericEvent, q queue) { h.Generic(ctx, e, background(q)) },
	}
}

// FanOutFunc is FanOut of a map function.
func FanOutFunc(f handler.MapFunc) handler.EventHandler {
	return FanOut(handler.EnqueueRequestsFromMapFunc(f))
}

type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// background is the same queue, to which everything is added with the priority Background unless another one is asked for.
func background(q queue) queue {
	if p, ok := q.(priorityqueue.PriorityQueue[reconcile.Request]); ok {
		return backgroundQueue{p}
	}
	return q
}

type backgroundQueue struct {
	priorityqueue.PriorityQueue[reconcile.Request]
}

func (q backgroundQueue) AddWithOpts(o priorityqueue.AddOpts, items ...reconcile.Request) {
	if o.Priority == nil {
		o.Priority = new(Background)
	}
	q.PriorityQueue.AddWithOpts(o, items...)
}

func (q backgroundQueue) Add(item reconcile.Request) {
	q.AddWithOpts(priorityqueue.AddOpts{}, item)
}

func (q backgroundQueue) AddAfter(item reconcile.Request, after time.Duration) {
	q.AddWithOpts(priorityqueue.AddOpts{After: after}, item)
}

func (q backgroundQueue) AddRateLimited(item reconcile.Request) {
	q.AddWithOpts(priorityqueue.AddOpts{RateLimited: true}, item)
}
