//go:build race

package sim

// defaultRuns is smaller with the race detector: a run is one goroutine, and the
// detector makes it ten times slower.
const defaultRuns = 20

// rolloutSeeds is how many rolling updates of each sort are run.
const rolloutSeeds = 1
