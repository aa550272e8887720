//go:build !race

package sim

const defaultRuns = 1000
