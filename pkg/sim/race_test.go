//go:build race

package sim

// defaultRuns is smaller with the race detector: a run is one goroutine, and the
// detector makes it ten times slower.
const defaultRuns = 60
