package rolling

import (
	"net/http"
	"sync"
	"testing"
	"time"
)

// The limit of the tenant, and what is sent in a second for some seconds.
const (
	limited     = 40
	limitBurst  = 40
	sentEach    = 5 * time.Millisecond
	sentSeconds = 8
)

// TestRate sends more than a tenant may to three replicas, in several spreads: together they let pass what one would.
func TestRate(t *testing.T) {
	s := newSite(t, limited, limitBurst)
	for name, to := range map[string]func(i int) int{
		"evenly":      func(i int) int { return i % replicas },
		"all to one":  func(int) int { return 1 },
		"most to one": func(i int) int { return max(0, i%20-17) },
	} {
		t.Run(name, func(t *testing.T) {
			s.pass(time.Second + limitBurst*time.Second/limited) // until the bucket is full again
			passed, took := s.send(to)
			want := limitBurst + limited*took.Seconds()
			t.Logf("%d requests passed in %s, want %.0f", passed, took.Round(time.Millisecond), want)
			if n := float64(passed); n > 1.2*want || n < .8*want {
				t.Errorf("%d requests passed, want %.0f", passed, want)
			}
		})
	}
}

// send counts the requests that pass.
func (s *site) send(to func(i int) int) (passed int, took time.Duration) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 50}}
	defer client.CloseIdleConnections()
	ticker := time.NewTicker(sentEach)
	defer ticker.Stop()
	var mu sync.Mutex
	var running sync.WaitGroup
	began := time.Now()
	for i := 0; time.Since(began) < sentSeconds*time.Second; i++ {
		<-ticker.C
		running.Go(func() {
			status := s.get(client, to(i))
			mu.Lock()
			defer mu.Unlock()
			switch status {
			case http.StatusOK:
				passed++
			case http.StatusTooManyRequests:
			default:
				s.Errorf("status %d", status)
			}
		})
	}
	running.Wait()
	return passed, time.Since(began)
}

func (s *site) get(client *http.Client, replica int) (status int) {
	req, err := http.NewRequest(http.MethodGet, "http://"+s.servers[replica].Address+s.tenant.Base+"/Users?count=0", nil)
	if err != nil {
		s.Error(err)
		return 0
	}
	req.Header.Set("Authorization", "Bearer "+s.tenant.Token)
	res, err := client.Do(req)
	if err != nil {
		s.Error(err)
		return 0
	}
	defer res.Body.Close()
	return res.StatusCode
}
