// Package patterns has the usual things that programs do with an election, each as a
// small example that its test runs on a Lease API in memory. In a cluster the
// difference is coordinator.New with a rest.Config instead of NewWithLeases.
// docs/patterns.md goes through them.
package patterns
