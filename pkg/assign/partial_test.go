package assign_test

import (
	"fmt"
	"math/rand"
	"testing"

	. "github.com/kindred-k8s/kindred/pkg/assign"
)

// Rule: with equal weights, whatever the capacities and whoever serves what, the plan stays the same
// while any part of it is carried out, half (vacant) or whole.
func TestStableWhileCarriedOut(t *testing.T) {
	check := func(rnd *rand.Rand, in Input) error {
		plan := Plan(in)
		for range 4 {
			now := partly(in, plan, func(Shard) int { return rnd.Intn(3) })
			if err := differ(owners(Plan(now)), owners(plan)); err != nil {
				return err
			}
		}
		return nil
	}
	full := world{shards: 20, replicas: 8, dead: true, buckets: true, moved: true}
	capacities := full
	capacities.capacities = true
	everyInput(t, 5000, full, check)
	everyInput(t, 5000, capacities, check)
	everyInput(t, 5000, equalWeights, check)
	shrinking(t, equalWeights, check)
	large := equalWeights
	large.shards, large.replicas = 150, 25
	everyInput(t, 30, large, check)
}

// The same, exhaustively: every one of the 3^k states on the way, for small inputs.
func TestStableInEveryStateOnTheWay(t *testing.T) {
	check := func(_ *rand.Rand, in Input) error {
		plan := Plan(in)
		states := 1
		for range plan.Changes() {
			states *= 3
		}
		for n := range states {
			digits := n
			now := partly(in, plan, func(Shard) int { d := digits % 3; digits /= 3; return d })
			if err := differ(owners(Plan(now)), owners(plan)); err != nil {
				return err
			}
		}
		return nil
	}
	w := equalWeights
	w.shards, w.replicas = 5, 4
	everyInput(t, 600, w, check)
}

// With unequal weights the plan may change its mind halfway. It must still come to rest when at each
// moment some part of the plan of that moment is carried out.
func TestWeightedComesToRest(t *testing.T) {
	check := func(rnd *rand.Rand, in Input) error {
		return rest(in, 200, func(Shard) int { return rnd.Intn(3) })
	}
	everyInput(t, 2000, allow, check)
	shrinking(t, allow, check)
}

// The same when everyone acts at once, as replicas do: owners release, then planned owners take over.
// Without a change of mind that is two rounds; five are enough for every input tried.
func TestWeightedComesToRestSoon(t *testing.T) {
	check := func(_ *rand.Rand, in Input) error {
		return rest(in, 5, func(s Shard) int {
			if s.Owner == "" {
				return done
			}
			return vacant
		})
	}
	large := allow
	large.shards, large.replicas = 40, 8
	everyInput(t, 2000, allow, check)
	everyInput(t, 200, large, check)
}

// rest carries out one plan after another, as far as progress says for each shard that changes, until
// nothing is left to do.
func rest(in Input, rounds int, progress func(Shard) int) error {
	for range rounds {
		plan := Plan(in)
		if plan.Changes() == 0 {
			return nil
		}
		in = partly(in, plan, progress)
	}
	return fmt.Errorf("not at rest after %d rounds", rounds)
}
