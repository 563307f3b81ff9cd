// Package limit holds a tenant to its requests per second.
package limit
