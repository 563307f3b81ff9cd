// Package config is the wire format between the operator and a SCIM server: the config Secret that the operator
// compiles and the server loads, the report that the server writes back, and the bearer tokens of tenants and of member feeds.
//
// It does no I/O and knows neither Kubernetes nor HTTP.
package config
