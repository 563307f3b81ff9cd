// Package tenant reconciles SCIMTenants: their credentials, their own server where they name none, and their deletion.
package tenant
