// Package telemetry is what a server tells about itself: Prometheus metrics and structured logs, without personal data.
package telemetry
