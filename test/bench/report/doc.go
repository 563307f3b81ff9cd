// Package report holds the figures of a measurement, prints them as tables or JSON, and compares them with what is wanted.
package report
