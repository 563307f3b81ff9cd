// Package directory holds the use cases of a SCIM directory: create, get, replace, patch, delete and search resources of
// one tenant. It owns the transactions of the store, and answers in encoded SCIM documents; it knows nothing of HTTP.
package directory
