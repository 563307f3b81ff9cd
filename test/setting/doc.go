// Package setting reads what a test run is told by environment variables, such as how long it shall be.
package setting
