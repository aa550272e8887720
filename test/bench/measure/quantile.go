package measure

import (
	"math"
	"slices"
	"time"
)

// Sample is how a number of times are distributed, in seconds.
type Sample struct {
	N      int     `json:"n"`
	Least  float64 `json:"least"`
	Median float64 `json:"median"`
	P99    float64 `json:"p99"`
	Most   float64 `json:"most"`
}

// sampleOf returns the distribution of times. The quantiles are values that occurred:
// the smallest that is not below the part.
func sampleOf(times []time.Duration) Sample {
	if len(times) == 0 {
		return Sample{}
	}
	sorted := slices.Clone(times)
	slices.Sort(sorted)
	at := func(permille int) float64 { return sorted[(len(sorted)*permille+999)/1000-1].Seconds() }
	return Sample{N: len(sorted), Least: sorted[0].Seconds(), Median: at(500), P99: at(990), Most: at(1000)}
}

// median returns the middle of values, the mean of the two in the middle when their
// number is even.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half]
	}
	return (sorted[half-1] + sorted[half]) / 2
}

// likely returns values between which the median of what was sampled lies in 95 of 100
// cases, whatever its distribution: the order statistics 0.98 roots of the number away
// from the middle. That is the normal approximation of the binomial distribution.
func likely(values []float64) (low, high float64) {
	n := len(values)
	if n == 0 {
		return 0, 0
	}
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	away := int(math.Ceil(0.98 * math.Sqrt(float64(n))))
	return sorted[max((n-1)/2-away, 0)], sorted[min(n/2+away, n-1)]
}
