package kubeutil

import (
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Kinds tells which kinds the cluster has. It asks for a missing one again after a minute.
type Kinds struct {
	Mapper meta.RESTMapper
	Now    func() time.Time

	mu      sync.Mutex
	missing map[schema.GroupVersionKind]time.Time
}

// Has tells whether the cluster has a kind.
func (k *Kinds) Has(gvk schema.GroupVersionKind) (bool, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if at, ok := k.missing[gvk]; ok && k.Now().Sub(at) < Recheck {
		return false, nil
	}
	_, err := k.Mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if meta.IsNoMatchError(err) {
		if k.missing == nil {
			k.missing = map[schema.GroupVersionKind]time.Time{}
		}
		k.missing[gvk] = k.Now()
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("ask for kind %s: %w", gvk.GroupKind(), err)
	}
	delete(k.missing, gvk)
	return true, nil
}
