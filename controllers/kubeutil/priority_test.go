package kubeutil

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// TestPriorities: whatever the order of events, what somebody changes comes first, what follows from it next, and what was
// there when the operator started last.
func TestPriorities(t *testing.T) {
	t.Parallel()
	q := priorityqueue.New[reconcile.Request](t.Name())
	defer q.ShutDown()
	of := func(name string) handler.MapFunc {
		return func(context.Context, client.Object) []reconcile.Request { return Requests("ns/" + name) }
	}
	direct, fan := handler.EnqueueRequestsFromMapFunc, FanOutFunc
	version := func(v string) client.Object { return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{ResourceVersion: v}} }
	update := event.UpdateEvent{ObjectOld: version("1"), ObjectNew: version("2")}
	resync := event.UpdateEvent{ObjectOld: version("1"), ObjectNew: version("1")}

	fan(of("listed")).Create(t.Context(), event.CreateEvent{Object: version("1"), IsInInitialList: true}, q)
	fan(of("resynced")).Update(t.Context(), resync, q)
	fan(of("fanned")).Update(t.Context(), update, q)
	fan(of("created")).Create(t.Context(), event.CreateEvent{Object: version("1")}, q)
	fan(of("deleted")).Delete(t.Context(), event.DeleteEvent{Object: version("1")}, q)
	fan(of("changed")).Create(t.Context(), event.CreateEvent{Object: version("1"), IsInInitialList: true}, q)
	direct(of("changed")).Update(t.Context(), update, q)

	for _, want := range []struct {
		name     string
		priority int
	}{
		{"changed", 0}, {"fanned", Background}, {"created", Background}, {"deleted", Background},
		{"listed", handler.LowPriority}, {"resynced", handler.LowPriority},
	} {
		got, priority, _ := q.GetWithPriority()
		if got.Name != want.name || priority != want.priority {
			t.Fatalf("%s with priority %d, want %+v", got.Name, priority, want)
		}
		q.Done(got)
	}
}

func TestFanOutOfOrdinaryQueue(t *testing.T) {
	t.Parallel()
	q := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
	defer q.ShutDown()
	FanOut(&handler.EnqueueRequestForObject{}).Generic(t.Context(), event.GenericEvent{Object: &corev1.Secret{}}, q)
	if q.Len() != 1 {
		t.Errorf("%d requests in the queue", q.Len())
	}
}
