package envtest

import (
	"errors"
	"net/http"
	"strings"
	"sync"

	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
)

var errDead = errors.New("the process is dead")

// Dying lets nothing of the operator through any more once it has made so many writes, as if it were killed then: it does not
// learn whether the last one has happened. dead is closed at that moment.
func Dying(writes int) (option OperatorOption, dead <-chan struct{}) {
	closed := make(chan struct{})
	var mu sync.Mutex
	count := func(write bool) (last bool, err error) {
		mu.Lock()
		defer mu.Unlock()
		if writes == 0 {
			return false, errDead
		}
		if write {
			writes--
		}
		return write && writes == 0, nil
	}
	return func(config *rest.Config, _ *ctrl.Options) {
		config.Wrap(func(next http.RoundTripper) http.RoundTripper {
			return roundTripper(func(r *http.Request) (*http.Response, error) {
				last, err := count(r.Method != http.MethodGet && !strings.Contains(r.URL.Path, "/leases"))
				if err != nil {
					return nil, err
				}
				res, err := next.RoundTrip(r)
				if !last {
					return res, err
				}
				if err == nil {
					_ = res.Body.Close() // nobody reads it
				}
				close(closed)
				return nil, errDead
			})
		})
	}, closed
}
