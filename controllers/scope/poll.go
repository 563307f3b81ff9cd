package scope

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// pollPeriod is the longest time in which a change of a namespace's labels, or its deletion, is not known.
const pollPeriod = 30 * time.Second

var namespaceKind = corev1.SchemeGroupVersion.WithKind("Namespace")

// poll lists and watches namespaces by name, as an informer needs it, by getting them one by one.
type poll struct {
	live  client.Reader
	names []string
	every time.Duration

	mu    sync.Mutex
	known map[string]*metav1.PartialObjectMetadata // as the informer has them
}

// IsWatchListSemanticsUnSupported tells the informer to list before it watches.
func (p *poll) IsWatchListSemanticsUnSupported() bool { return true }

// List gets the namespaces that there are.
func (p *poll) List(metav1.ListOptions) (runtime.Object, error) {
	ctx, cancel := context.WithTimeout(context.Background(), p.every)
	defer cancel()
	found, err := p.get(ctx)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.known = found
	p.mu.Unlock()
	list := &metav1.PartialObjectMetadataList{ListMeta: metav1.ListMeta{ResourceVersion: "0"}}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		list.Items = append(list.Items, *found[name])
	}
	return list, nil
}

func (p *poll) get(ctx context.Context) (map[string]*metav1.PartialObjectMetadata, error) {
	found := make(map[string]*metav1.PartialObjectMetadata, len(p.names))
	for _, name := range p.names {
		ns := &metav1.PartialObjectMetadata{}
		ns.SetGroupVersionKind(namespaceKind)
		err := p.live.Get(ctx, client.ObjectKey{Name: name}, ns)
		if client.IgnoreNotFound(err) != nil {
			return nil, fmt.Errorf("read namespace %s: %w", name, err)
		}
		if err == nil {
			found[name] = ns
		}
	}
	return found, nil
}

// Watch tells of what has changed since the last look. An error ends it, and the informer lists anew.
func (p *poll) Watch(metav1.ListOptions) (watch.Interface, error) {
	events := make(chan watch.Event)
	w := watch.NewProxyWatcher(events)
	go func() {
		defer close(events)
		tick := time.NewTicker(p.every)
		defer tick.Stop()
		for {
			select {
			case <-w.StopChan():
				return
			case <-tick.C:
			}
			changes, err := p.changes()
			if err != nil {
				return
			}
			for _, e := range changes {
				select {
				case <-w.StopChan():
					return
				case events <- e:
				}
			}
		}
	}()
	return w, nil
}

// changes looks again, and returns what differs from what was known.
func (p *poll) changes() ([]watch.Event, error) {
	ctx, cancel := context.WithTimeout(context.Background(), p.every)
	defer cancel()
	found, err := p.get(ctx)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []watch.Event
	for _, name := range p.names {
		was, is := p.known[name], found[name]
		switch {
		case is == nil && was != nil:
			out = append(out, watch.Event{Type: watch.Deleted, Object: was})
		case is != nil && was == nil:
			out = append(out, watch.Event{Type: watch.Added, Object: is.DeepCopy()})
		case is != nil && was.ResourceVersion != is.ResourceVersion:
			out = append(out, watch.Event{Type: watch.Modified, Object: is.DeepCopy()})
		}
	}
	p.known = found
	return out, nil
}
