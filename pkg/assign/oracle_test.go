package assign_test

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"

	. "github.com/kindred-k8s/kindred/pkg/assign"
)

// twelfths makes loads whole numbers: capacities are 1 to 4.
const twelfths = 12

// verdict is what an assignment of equal-weight shards is judged by.
type verdict struct {
	loads []int // of the replicas that may be given shards, in twelfths, largest first
	moves int   // shards taken from an owner that could have kept them
}

func compare(a, b verdict) int {
	if c := slices.Compare(a.loads, b.loads); c != 0 {
		return c
	}
	return a.moves - b.moves
}

// oracle tries every assignment.
func oracle(in Input) verdict {
	var (
		pool     []Shard
		options  [][]string
		capacity = map[string]int{}
		order    []string
	)
	for _, s := range in.Shards {
		if may := takers(in, s.Name); len(may) > 0 && !keeps(in, s) {
			pool, options = append(pool, s), append(options, may)
		}
	}
	for _, r := range in.Replicas {
		if r.Ready && !r.Draining {
			capacity[r.Name] = max(int(r.Capacity), 1)
			order = append(order, r.Name)
		}
	}
	number := map[string]int{}
	for i, name := range order {
		number[name] = i
	}
	load := make([]int, len(order))
	best := verdict{moves: -1}
	scratch := make([]int, len(order))
	var try func(i, moves int)
	try = func(i, moves int) {
		if i == len(pool) {
			copy(scratch, load)
			slices.Sort(scratch)
			slices.Reverse(scratch)
			if v := (verdict{scratch, moves}); best.moves < 0 || compare(v, best) < 0 {
				best = verdict{slices.Clone(scratch), moves}
			}
			return
		}
		for _, name := range options[i] {
			next := moves
			if name != pool[i].Owner && slices.Contains(options[i], pool[i].Owner) {
				next++
			}
			r := number[name]
			load[r] += twelfths / capacity[name]
			try(i+1, next)
			load[r] -= twelfths / capacity[name]
		}
	}
	try(0, 0)
	return best
}

// judge is the verdict on the plan.
func judge(in Input, plan Result) verdict {
	load := map[string]int{}
	var v verdict
	for _, s := range in.Shards {
		d, _ := plan.For(s.Name)
		if d.Reason == Balance {
			v.moves++
		}
		if r, ok := find(in, d.Owner); ok && !keeps(in, s) {
			load[d.Owner] += twelfths / max(int(r.Capacity), 1)
		}
	}
	for _, r := range in.Replicas {
		if r.Ready && !r.Draining {
			v.loads = append(v.loads, load[r.Name])
		}
	}
	slices.Sort(v.loads)
	slices.Reverse(v.loads)
	return v
}

// Rule: with equal weights, the loads are the best that any assignment reaches, and no assignment that
// reaches them moves fewer shards.
func TestAgainstOracle(t *testing.T) {
	check := func(_ *rand.Rand, in Input) error {
		if got, want := judge(in, Plan(in)), oracle(in); compare(got, want) != 0 {
			return fmt.Errorf("got %+v, best is %+v", got, want)
		}
		return nil
	}
	small := world{shards: 6, replicas: 4}
	with := func(change func(*world)) world { w := small; change(&w); return w }
	for name, w := range map[string]world{
		"everyone serves everything":   small,
		"capacities":                   with(func(w *world) { w.capacities = true }),
		"restricted":                   with(func(w *world) { w.restricted = true }),
		"restricted with capacities":   with(func(w *world) { w.restricted, w.capacities = true, true }),
		"everything":                   with(func(w *world) { w.restricted, w.capacities, w.unwell, w.dead = true, true, true, true }),
		"everything, nothing is owned": with(func(w *world) { w.restricted, w.capacities, w.vacantOnly = true, true, true }),
	} {
		t.Run(name, func(t *testing.T) { everyInput(t, 5000, w, check) })
	}
	t.Run("shrinking", func(t *testing.T) {
		shrinking(t, with(func(w *world) { w.restricted, w.capacities, w.unwell, w.dead, w.buckets = true, true, true, true, true }), check)
	})
}

// Rule: equal weights and capacities, everyone serves everything: counts differ by at most one.
func TestCountsDifferByAtMostOne(t *testing.T) {
	check := func(_ *rand.Rand, in Input) error {
		least, most := len(in.Shards), 0
		for _, n := range counts(in, Plan(in)) {
			least, most = min(least, n), max(most, n)
		}
		if most-least > 1 {
			return fmt.Errorf("counts from %d to %d", least, most)
		}
		return nil
	}
	w := world{shards: 60, replicas: 12, dead: true, buckets: true}
	everyInput(t, 2000, w, check)
	shrinking(t, w, check)
}
