// Package application reconciles SCIMApplications: it checks them and counts the tenants that use them.
package application
