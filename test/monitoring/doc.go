// Package monitoring checks the alert rules and the dashboard in config/monitoring
// with Prometheus' own parser. It is a module of its own so that nobody else inherits
// Prometheus.
package monitoring
