package outbox

import (
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// lane is one tenant's way to its receiver. Dispatcher.mu guards it.
type lane struct {
	tenant   string
	source   string
	receiver *receiver
	queue    []store.Event   // fetched, and not begun
	busy     map[string]bool // members in the queue, under way, or whose outcome is not written yet
	stale    bool            // the store may have more
	next     time.Time       // when to look again unless something happens before; zero: not known
	failure  string          // of the latest attempt
}

func (l *lane) join(r *receiver) {
	l.receiver, l.stale, l.next = r, true, time.Time{}
	r.ring = append(r.ring, l)
	r.notify()
}

// leave takes back what was not begun. What is under way stays busy until its outcome is written.
func (l *lane) leave() {
	for _, e := range l.queue {
		delete(l.busy, e.MemberID)
	}
	l.queue = nil
	if l.receiver != nil {
		l.receiver.drop(l)
	}
	l.receiver = nil
}

// add queues those events whose member is not busy, and returns how many.
func (l *lane) add(events []store.Event) (n int) {
	for _, e := range events {
		if !l.busy[e.MemberID] {
			l.busy[e.MemberID] = true
			l.queue = append(l.queue, e)
			n++
		}
	}
	return n
}

func (l *lane) pop() store.Event {
	e := l.queue[0]
	l.queue[0] = store.Event{} // its body goes with it
	l.queue = l.queue[1:]
	return e
}

// settle lets the member's next event go.
func (l *lane) settle(o outcome) {
	delete(l.busy, o.event.MemberID)
	l.stale = true
	if o.kind == Retried && (l.next.IsZero() || o.next.Before(l.next)) {
		l.next = o.next
	}
	if l.receiver != nil {
		l.receiver.notify()
	}
}
