// Package postgres keeps the directory in PostgreSQL, or an engine that speaks its protocol: several server processes use one
// database, and each tenant's changes are as if made one after the other.
package postgres
