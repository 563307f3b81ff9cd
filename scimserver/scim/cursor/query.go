package cursor

import "encoding/binary"

// Query is what a cursor is bound to: of whom and for what it was made, in a form that differs whenever the result would. Parts
// are added in a fixed order; the zero Query is empty.
type Query struct{ parts []byte }

// Add appends a part. Parts never run into one another.
func (q *Query) Add(part string) {
	q.parts = append(binary.AppendUvarint(q.parts, uint64(len(part))), part...)
}
