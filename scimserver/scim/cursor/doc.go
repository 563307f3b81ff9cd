// Package cursor makes the cursors of RFC 9865: places in the result of a query, sealed so that a client can neither read nor
// change them, nor use one for another query.
package cursor
