// Package credentials decides what belongs into a tenant's credentials Secret: when a token is issued, and what stays.
// It is pure.
package credentials
