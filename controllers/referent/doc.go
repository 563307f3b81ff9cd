// Package referent reconciles the kinds that tenants refer to: it checks each object and counts the tenants that use it.
package referent
