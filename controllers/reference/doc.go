// Package reference reads what tenants refer to besides their server: applications, with the keys of their webhooks and the
// credentials of their feeds, and mappings.
package reference
