package kubeutil

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

func TestPace(t *testing.T) {
	t.Parallel()
	var p Pace
	a, b := types.NamespacedName{Name: "a"}, types.NamespacedName{Name: "b"}
	start := time.Unix(1_000_000, 0)
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	expect := func(key types.NamespacedName, now time.Time, want time.Duration) {
		t.Helper()
		if got := p.Wait(key, now); got != want {
			t.Errorf("%s at %s: wait %s, want %s", key.Name, now.Sub(start), got, want)
		}
	}
	expect(a, at(0), 0)
	p.Passed(a, at(50), 150*time.Millisecond)
	expect(a, at(60), 140*time.Millisecond)
	expect(b, at(60), 0)
	expect(a, at(200), 0)
	if len(p.next) != 0 {
		t.Errorf("%d objects are remembered without need", len(p.next))
	}
	p.Passed(a, at(300), time.Second)
	expect(a, at(0), 0) // set back
	p.Passed(a, at(300), time.Second)
	p.Forget(a)
	expect(a, at(400), 0)
}
