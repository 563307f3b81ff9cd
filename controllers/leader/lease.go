package leader

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/uuid"
	coordinationv1 "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// namespaceFile says in a pod in which namespace it is.
const namespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

// Lease is the election of one of several operators.
type Lease struct {
	Namespace string // empty: that of the pod
	Name      string
	// Duration is how long nobody else takes a lease that is not prolonged.
	Duration time.Duration
	// RenewDeadline is how long a leader tries to prolong its lease. It is shorter than Duration.
	RenewDeadline time.Duration
}

// Lock is what operators contend for. Its holder's term is told to t: until a moment halfway between the deadline and the end
// of the lease it may write.
//
// It refuses whatever a leader asks for that has lost its lease. client-go tries to give a lost lease up before it says that
// it is lost, for up to another RenewDeadline; meanwhile the controllers would go on. And it does not look whose lease it gives
// up: an operator that was away for a while would end the term of its successor.
func (l Lease) Lock(config *rest.Config, t *Term) (resourcelock.Interface, error) {
	config = rest.AddUserAgent(rest.CopyConfig(config), "leader-election")
	config.Timeout = max(l.RenewDeadline/2, time.Second) // so that one request that hangs loses nothing
	client, err := coordinationv1.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("client of the lease: %w", err)
	}
	if l.Namespace == "" {
		text, err := os.ReadFile(namespaceFile)
		if err != nil {
			return nil, fmt.Errorf("find the namespace of the lease (outside of a cluster POD_NAMESPACE names it): %w", err)
		}
		l.Namespace = strings.TrimSpace(string(text))
	}
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("name the holder of the lease: %w", err)
	}
	inner, err := resourcelock.New(resourcelock.LeasesResourceLock, l.Namespace, l.Name, nil, client,
		resourcelock.ResourceLockConfig{Identity: host + "_" + string(uuid.NewUUID())})
	if err != nil {
		return nil, fmt.Errorf("lease: %w", err)
	}
	return l.watch(inner, t), nil
}

func (l Lease) watch(inner resourcelock.Interface, t *Term) resourcelock.Interface {
	return lock{inner, t, l.RenewDeadline, (l.RenewDeadline + l.Duration) / 2}
}

// lock tells the term of what it is asked for.
type lock struct {
	resourcelock.Interface
	term          *Term
	renew, writes time.Duration
}

func (l lock) Get(ctx context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	if l.term.lost() {
		return nil, nil, ErrOver
	}
	return l.Interface.Get(ctx)
}

func (l lock) Create(ctx context.Context, r resourcelock.LeaderElectionRecord) error {
	return l.write(r, func() error { return l.Interface.Create(ctx, r) })
}

func (l lock) Update(ctx context.Context, r resourcelock.LeaderElectionRecord) error {
	return l.write(r, func() error { return l.Interface.Update(ctx, r) })
}

func (l lock) write(r resourcelock.LeaderElectionRecord, do func() error) error {
	if l.term.lost() {
		return ErrOver
	}
	if r.HolderIdentity != l.Identity() { // it gives the lease up
		l.term.end()
		return do()
	}
	asked := time.Now()
	if err := do(); err != nil {
		return err
	}
	l.term.begin(asked, l.renew, l.writes)
	return nil
}
