// Package e2e tests the adapter on a real API server: managers that share the
// sample operator's kinds, each with clients, caches and connections of its own.
package e2e
