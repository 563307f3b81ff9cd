// Package pgtest starts a real PostgreSQL for tests and measurements: the one that TEST_POSTGRES_URI names, else programs
// that it finds or installs.
package pgtest
