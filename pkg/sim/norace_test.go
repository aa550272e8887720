//go:build !race

package sim

const defaultRuns = 1000

// rolloutSeeds is how many rolling updates of each sort are run.
const rolloutSeeds = 12
