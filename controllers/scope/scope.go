package scope

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// ErrOutside is the error of a read in a namespace that the operator does not watch. What is there is unknown: it may exist.
var ErrOutside = errors.New("the operator does not watch this namespace (--watch-namespaces)")

// Scope is the set of the watched namespaces. An empty one is the whole cluster.
type Scope []string

// Parse reads names with commas between them. None is the whole cluster.
func Parse(text string) (Scope, error) {
	var s Scope
	for name := range strings.SplitSeq(text, ",") {
		name = strings.TrimSpace(name)
		if name == "" {
			continue
		}
		if problems := validation.IsDNS1123Label(name); len(problems) > 0 {
			return nil, fmt.Errorf("%q is no name of a namespace: %s", name, problems[0])
		}
		s = append(s, name)
	}
	if s == nil && strings.TrimSpace(text) != "" {
		return nil, fmt.Errorf("%q names no namespace", text)
	}
	slices.Sort(s)
	return slices.Compact(s), nil
}

// Has tells whether a namespace is watched.
func (s Scope) Has(namespace string) bool { return len(s) == 0 || slices.Contains(s, namespace) }

// NewCache makes a cache of what is in the scope. Reads outside of it fail with ErrOutside.
//
// Namespaces themselves are an object of the cluster, which no Role lets be watched; but a Role may allow to get the
// one that it is in. So their labels are asked for every now and then.
func (s Scope) NewCache(config *rest.Config, o cache.Options) (cache.Cache, error) {
	if len(s) == 0 {
		return cache.New(config, o)
	}
	o.DefaultNamespaces = make(map[string]cache.Config, len(s))
	for _, name := range s {
		o.DefaultNamespaces[name] = cache.Config{}
	}
	live, err := s.liveReader(config, o)
	if err != nil {
		return nil, err
	}
	o.NewInformer = func(lw toolscache.ListerWatcher, example runtime.Object, resync time.Duration, indexers toolscache.Indexers) toolscache.SharedIndexInformer {
		if m, ok := example.(*metav1.PartialObjectMetadata); ok && m.GroupVersionKind() == namespaceKind {
			lw = &poll{live: live, names: s, every: pollPeriod}
		}
		return toolscache.NewSharedIndexInformer(lw, example, resync, indexers)
	}
	c, err := cache.New(config, o)
	if err != nil {
		return nil, err
	}
	return &limited{Cache: c, scope: s}, nil
}

func (s Scope) liveReader(config *rest.Config, o cache.Options) (client.Reader, error) {
	h := o.HTTPClient
	if h == nil {
		var err error
		if h, err = rest.HTTPClientFor(config); err != nil {
			return nil, fmt.Errorf("reach the API server: %w", err)
		}
	}
	return newReader(config, h, o)
}

func newReader(config *rest.Config, h *http.Client, o cache.Options) (client.Reader, error) {
	c, err := client.New(config, client.Options{HTTPClient: h, Scheme: o.Scheme, Mapper: o.Mapper})
	if err != nil {
		return nil, fmt.Errorf("reach the API server: %w", err)
	}
	return c, nil
}

// limited says of other namespaces that it does not know.
type limited struct {
	cache.Cache
	scope Scope
}

func (l *limited) Get(ctx context.Context, key client.ObjectKey, o client.Object, options ...client.GetOption) error {
	if key.Namespace != "" && !l.scope.Has(key.Namespace) {
		return fmt.Errorf("read %T %s: %w", o, key, ErrOutside)
	}
	return l.Cache.Get(ctx, key, o, options...)
}

func (l *limited) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	var o client.ListOptions
	o.ApplyOptions(options)
	if o.Namespace != "" && !l.scope.Has(o.Namespace) {
		return fmt.Errorf("list %T of namespace %s: %w", list, o.Namespace, ErrOutside)
	}
	return l.Cache.List(ctx, list, options...)
}
