// Package limit holds a tenant to its requests per second, and to its requests at the same time.
package limit
