// Package application reconciles SCIMApplications: it checks them, counts the tenants that use them, and keeps the
// credentials of their member feeds.
package application
