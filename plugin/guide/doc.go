// Package guide says what to type where in an identity provider, so that it provisions a tenant. It is pure.
package guide
