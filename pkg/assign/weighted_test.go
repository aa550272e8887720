package assign_test

import (
	"fmt"
	"math/rand"
	"testing"

	. "github.com/kindred-k8s/kindred/pkg/assign"
)

// weighted is one kind of replica and shards of different weights.
var weighted = world{shards: 7, replicas: 4, weights: true, dead: true}

// fullest returns the largest load, the lightest shard on that replica, and the sum of all weights.
func fullest(in Input, plan Result) (load, lightest, sum int64) {
	loads, light := map[string]int64{}, map[string]int64{}
	for _, s := range in.Shards {
		d, _ := plan.For(s.Name)
		loads[d.Owner] += s.Weight
		sum += s.Weight
		if l, ok := light[d.Owner]; !ok || s.Weight < l {
			light[d.Owner] = s.Weight
		}
	}
	for _, r := range in.Replicas {
		if loads[r.Name] > load {
			load, lightest = loads[r.Name], light[r.Name]
		}
	}
	return load, lightest, sum
}

// leastMakespan tries every assignment.
func leastMakespan(in Input) int64 {
	load := make([]int64, len(in.Replicas))
	best := int64(1) << 62
	var try func(i int, most int64)
	try = func(i int, most int64) {
		if most >= best {
			return
		}
		if i == len(in.Shards) {
			best = most
			return
		}
		for r := range load {
			load[r] += in.Shards[i].Weight
			try(i+1, max(most, load[r]))
			load[r] -= in.Shards[i].Weight
		}
	}
	try(0, 0)
	return best
}

// The largest load is below the mean plus 9/8 of the lightest shard on that replica, so below the
// optimum plus as much; when that replica has one shard, nobody could do better.
func TestWeightedBound(t *testing.T) {
	check := func(_ *rand.Rand, in Input) error {
		load, lightest, sum := fullest(in, Plan(in))
		n := int64(len(in.Replicas))
		if load > 0 && load != lightest && n*(8*load-9*lightest) >= 8*sum {
			return fmt.Errorf("largest load %d, lightest there %d, sum %d on %d replicas", load, lightest, sum, n)
		}
		if best := leastMakespan(in); 8*load > 8*best+9*lightest {
			return fmt.Errorf("largest load %d, optimum %d, lightest there %d", load, best, lightest)
		}
		return nil
	}
	everyInput(t, 5000, weighted, check)
	shrinking(t, weighted, check)
}

// From vacant shards, the largest load is at most 4/3 of the optimum.
func TestWeightedFromVacant(t *testing.T) {
	w := weighted
	w.vacantOnly = true
	check := func(_ *rand.Rand, in Input) error {
		load, _, _ := fullest(in, Plan(in))
		if best := leastMakespan(in); 3*load > 4*best {
			return fmt.Errorf("largest load %d, optimum %d", load, best)
		}
		return nil
	}
	everyInput(t, 5000, w, check)
	shrinking(t, w, check)
}

// A hair of balance does not move a shard.
func TestWeightedSmallGainsDoNotMove(t *testing.T) {
	in := Input{
		Shards: []Shard{
			{Name: "a", Weight: 50, Owner: "r1"}, {Name: "b", Weight: 52, Owner: "r1"},
			{Name: "c", Weight: 51, Owner: "r2"}, {Name: "d", Weight: 48, Owner: "r2"},
		},
		Replicas: []Replica{{Name: "r1", Ready: true, ServesAll: true}, {Name: "r2", Ready: true, ServesAll: true}},
	}
	if plan := Plan(in); plan.Changes() != 0 { // swapping b with c would make 101 and 100 of 102 and 99
		t.Errorf("moved for a gain of one in a hundred: %v", plan)
	}
}

// The bounds of the arithmetic: extreme numbers neither overflow nor break the balance.
func TestWeightedExtremes(t *testing.T) {
	in := Input{Replicas: []Replica{
		{Name: "r1", Ready: true, ServesAll: true, Capacity: 1 << 62},
		{Name: "r2", Ready: true, ServesAll: true, Capacity: 1 << 62},
	}}
	for i := range 1000 {
		in.Shards = append(in.Shards, Shard{Name: fmt.Sprintf("s%03d", i), Weight: 1 << 62, Owner: "r1"})
	}
	in.Shards[0].Weight = -1
	n := counts(in, Plan(in))
	if d := n["r1"] - n["r2"]; d < -1 || d > 1 {
		t.Errorf("unbalanced: %v", n)
	}
}
