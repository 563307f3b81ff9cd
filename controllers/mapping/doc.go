// Package mapping reconciles SCIMMappings: it checks them and counts the tenants that use them.
package mapping
