package sim

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// update runs one rolling update of a settled fleet and returns how often each kind
// was moved, by its terms.
func update(t *testing.T, seed uint64, replicas, kinds, surge, unavailable int) (moves []int) {
	t.Helper()
	w := newWorld(Options{Seed: seed}, func(rng *rand.Rand, b *breaks) plan {
		p := drawPlan(rng, b, calm)
		p.replicas, p.kinds, p.timing, p.weak, p.kubelet = replicas, kinds, timings[0], 0, false
		p.rebalance, p.drain, p.slowest = 3*time.Second, 20*time.Second, 2*time.Second
		p.weights, p.appears = nil, nil
		for range kinds {
			p.weights, p.appears = append(p.weights, 1), append(p.appears, 0)
		}
		p.quietAt = time.Duration(60+15*replicas) * time.Second
		p.settledAt = p.quietAt + 60*time.Second
		p.endAt = p.settledAt + 20*time.Second
		p.overAt = p.endAt + 40*time.Second
		return p
	})
	d := &deployment{w: w, replicas: replicas, surge: surge, unavailable: unavailable, readyAfter: w.between(time.Second, 8*time.Second)}
	before := make([]int, kinds)
	w.at(50*time.Second, func() {
		for i := range before {
			before[i] = w.check.shards[i].newest
		}
		d.update()
	})
	w.at(w.plan.endAt-1, func() {
		for i := range before {
			moves = append(moves, w.check.shards[i].newest-before[i])
		}
		for _, p := range w.pods {
			if p.revision != w.revision || len(w.pods) != replicas {
				t.Errorf("seed %d: the update is not over", seed)
			}
		}
	})
	if _, violation := w.run(); violation != nil {
		t.Fatalf("%d replicas, %d kinds, surge %d, unavailable %d: %v", replicas, kinds, surge, unavailable, violation)
	}
	return moves
}

// In a rolling update of any number of replicas no kind is moved more than twice.
func TestRollingUpdateMovesEachKindAtMostTwice(t *testing.T) {
	type strategy struct{ surge, unavailable int }
	for _, replicas := range []int{2, 3, 5, 8, 12} {
		for _, s := range []strategy{{1, 0}, {0, 1}, {(replicas + 3) / 4, replicas / 4}, {replicas, 0}} {
			t.Run(fmt.Sprintf("%d replicas, surge %d, unavailable %d", replicas, s.surge, s.unavailable), func(t *testing.T) {
				t.Parallel()
				all, twice, runs := 0, 0, 0
				for seed := range uint64(rolloutSeeds) {
					kinds := []int{1, replicas, 2*replicas + 1}[seed%3]
					runs += kinds
					for i, n := range update(t, seed, replicas, kinds, s.surge, s.unavailable) {
						all += n
						if n == 2 {
							twice++
						}
						if n > 2 {
							t.Errorf("seed %d: of %d kinds, %s was moved %d times", seed, kinds, kindName(i), n)
						}
					}
				}
				t.Logf("%d kinds: %d moves, %.2f each; %d twice", runs, all, float64(all)/float64(runs), twice)
			})
		}
	}
}
