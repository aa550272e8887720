package assign

import (
	"cmp"
	"slices"
	"strings"
)

// Bounds of the arithmetic, which is exact in 64 bits for up to a million shards. Larger values are
// taken as the bound, so scale them down if their ratios matter.
const (
	MaxWeight   = 1_000_000
	MaxCapacity = 1_000_000
)

// Input is all that a plan depends on. Plan does not change it.
type Input struct {
	Shards   []Shard
	Replicas []Replica
}

// Shard is one thing to be owned, with its owner of today.
type Shard struct {
	// Name is unique among the shards, for example "Database.sample.kindred.dev".
	Name string
	// Weight is how much work the shard is, relative to the others. Zero or less means 1.
	Weight int64
	// Bucket is the shard's index among the buckets of one kind, 0 for a kind that is not split.
	// Shards are dealt in the order of (Bucket, Name), and consecutive shards tend to get the same
	// owner: with the index given, buckets of one hot kind land on different replicas. It changes
	// neither the balance nor the number of moves.
	Bucket int
	// Group names the shards that must stay together: all of one group are planned as one shard with
	// the sum of their weights, for replicas that serve all of them. Empty for a shard by itself.
	Group string
	// Moves is how often the shard was moved lately. Of an owner's shards that could all be given away
	// as well, those with fewer moves go first. It changes neither the balance nor the number of moves.
	Moves int
	// Pin is the replica that has been chosen for the shard by hand. It is ignored unless that replica
	// may be given the shard.
	Pin string
	// Owner is the replica that owns the shard now, empty when it is vacant. An owner that is not
	// among the replicas is dead: the shard is planned as if vacant.
	Owner string
}

// Replica is one live process that could own shards. A dead one is simply not listed.
type Replica struct {
	// Name is unique among the replicas.
	Name string
	// Capacity is how much work it can take, relative to the others. Zero or less means 1.
	Capacity int64
	// ServesAll says that it can run every shard; Serves is then ignored.
	ServesAll bool
	// Serves names the shards that it can run, in any order; names of no shard are ignored. With
	// thousands of replicas, give equal lists in the same order: they are then processed once.
	Serves []string
	// Ready replicas may be given shards. One that is not ready keeps what it owns and gets no more.
	Ready bool
	// Draining replicas are leaving: they are given nothing, and each of their shards goes to
	// another replica, or is left vacant when no ready one serves it.
	Draining bool
}

// Decision is the plan for one shard.
type Decision struct {
	Shard string
	// Owner is the replica that should own the shard, empty when no replica can.
	Owner string
	// From is the owner of today as given in the input, dead or alive; empty when vacant.
	From string
	// Reason says why Owner was chosen.
	Reason Reason
}

// Changes reports whether the plan is not yet carried out for this shard.
func (d Decision) Changes() bool { return d.Owner != d.From }

// Result is a plan: one decision for each shard of the input, sorted by shard name.
type Result struct {
	Decisions []Decision
}

// For returns the decision for the named shard, and false if the input had no such shard.
func (r Result) For(shard string) (Decision, bool) {
	i, ok := slices.BinarySearchFunc(r.Decisions, shard, func(d Decision, name string) int {
		return strings.Compare(d.Shard, name)
	})
	if !ok {
		return Decision{}, false
	}
	return r.Decisions[i], true
}

// Changes counts the shards for which the plan is not yet carried out; zero means settled.
func (r Result) Changes() int {
	n := 0
	for _, d := range r.Decisions {
		if d.Changes() {
			n++
		}
	}
	return n
}

// Plan returns which replica should own each shard, with the reason. It never fails: a shard that
// nobody can own has an empty owner. Names must be unique; with repeated names the plan is unspecified.
func Plan(in Input) Result {
	if bundled, groups := bundle(in); len(groups) > 0 {
		return groups.unbundle(Plan(bundled), in)
	}
	v := newView(in)
	owners := v.problem.solve()

	decisions := make([]Decision, len(v.shards))
	for i, s := range v.shards {
		decisions[i] = Decision{Shard: s.Name, Owner: v.kept[i], From: s.Owner, Reason: v.why[i]}
	}
	for j, i := range v.pool {
		d := &decisions[i]
		d.Owner = v.takers[owners[j]]
		switch {
		case d.Owner == d.From && v.pinned[j]:
			d.Reason = KeepPinned
		case d.Owner == d.From:
			d.Reason = Keep
		case v.pinned[j]:
			d.Reason = Pinned
		case v.problem.home[j] != nobody:
			d.Reason = Balance
		}
	}
	slices.SortFunc(decisions, func(a, b Decision) int { return cmp.Compare(a.Shard, b.Shard) })
	return Result{Decisions: decisions}
}
