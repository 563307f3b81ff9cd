// Package httpapi is the SCIM protocol over HTTP (RFC 7644): routing, authentication, limits, content types, conditional
// requests, and one SCIM error body for whatever goes wrong.
package httpapi
