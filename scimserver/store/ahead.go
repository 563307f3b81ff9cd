package store

import "context"

// Ahead is what the function of an Update reads first: a store may read it together with what others need. It is no promise.
type Ahead struct {
	Type, ID string
	Insert   bool     // the resource is new
	Name     string   // of a new one, if no other may have it
	Members  []string // ids of those that are to join or to leave the group
}

type aheadKey struct{}

// WithAhead tells an Update with the context what it is going to read.
func WithAhead(ctx context.Context, a Ahead) context.Context {
	return context.WithValue(ctx, aheadKey{}, a)
}

// AheadOf is what WithAhead has told.
func AheadOf(ctx context.Context) (a Ahead, ok bool) {
	a, ok = ctx.Value(aheadKey{}).(Ahead)
	return a, ok
}

// AheadOfInsert is what an Update reads that begins with the Insert of r.
func AheadOfInsert(r *Record) Ahead {
	a := Ahead{Type: r.Type, ID: r.ID, Insert: true}
	if r.Keys.NameUnique {
		a.Name = r.Keys.Name
	}
	return a
}
