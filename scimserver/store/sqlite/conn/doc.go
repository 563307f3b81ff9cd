// Package conn is a thin layer over the SQLite library: connections, prepared statements and SQL
// functions without the locks, copies and allocations of database/sql.
package conn
