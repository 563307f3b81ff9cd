// Package auth tells which credential of a tenant a request carries.
package auth
