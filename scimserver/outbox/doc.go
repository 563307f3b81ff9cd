// Package outbox delivers events to applications: in order for each member, without one member, tenant or application
// waiting for another, again and again until they are acknowledged or given up for good; and it asks applications that may
// refuse a change.
package outbox
