package assign_test

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"

	. "github.com/kindred-k8s/kindred/pkg/assign"
)

// Rule: the order of shards, replicas and lists makes no difference, and the input is left alone.
func TestOrderDoesNotMatter(t *testing.T) {
	check := func(rnd *rand.Rand, in Input) error {
		want := fmt.Sprint(Plan(in))
		shuffled := Input{Shards: slices.Clone(in.Shards), Replicas: slices.Clone(in.Replicas)}
		rnd.Shuffle(len(shuffled.Shards), func(i, j int) {
			shuffled.Shards[i], shuffled.Shards[j] = shuffled.Shards[j], shuffled.Shards[i]
		})
		rnd.Shuffle(len(shuffled.Replicas), func(i, j int) {
			shuffled.Replicas[i], shuffled.Replicas[j] = shuffled.Replicas[j], shuffled.Replicas[i]
		})
		for i := range shuffled.Replicas {
			list := slices.Clone(shuffled.Replicas[i].Serves)
			rnd.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
			shuffled.Replicas[i].Serves = list
		}
		before := fmt.Sprint(shuffled)
		if err := differ(Plan(shuffled), want); err != nil {
			return err
		}
		return differ(shuffled, before)
	}
	everyInput(t, 2000, allow, check)
	shrinking(t, allow, check)
}

// Rule: a shard goes to a replica that is ready, not draining and serves it; or it stays with a live
// owner that is not ready; or nobody can have it. The reason tells which.
func TestOnlyWhoMayOwn(t *testing.T) {
	check := func(_ *rand.Rand, in Input) error {
		plan := Plan(in)
		if len(plan.Decisions) != len(in.Shards) {
			return fmt.Errorf("%d decisions for %d shards", len(plan.Decisions), len(in.Shards))
		}
		for _, s := range in.Shards {
			d, ok := plan.For(s.Name)
			if !ok || d.From != s.Owner {
				return fmt.Errorf("%s: wrong or no decision: %+v", s.Name, d)
			}
			if want := expectedReason(in, s, d); d.Reason != want {
				return fmt.Errorf("%s: reason %s, want %s", s.Name, d.Reason, want)
			}
			may := takers(in, s.Name)
			switch {
			case pinned(in, s):
				may = []string{s.Pin}
			case keeps(in, s):
				may = []string{s.Owner}
			case len(may) == 0:
				may = []string{""}
			}
			if !slices.Contains(may, d.Owner) {
				return fmt.Errorf("%s: planned for %q, want one of %q", s.Name, d.Owner, may)
			}
		}
		return nil
	}
	everyInput(t, 5000, allow, check)
	shrinking(t, allow, check)
}

func expectedReason(in Input, s Shard, d Decision) Reason {
	r, live := find(in, s.Owner)
	switch {
	case pinned(in, s) && d.Owner == s.Owner:
		return KeepPinned
	case pinned(in, s):
		return Pinned
	case keeps(in, s):
		return KeepNotReady
	case len(takers(in, s.Name)) == 0:
		return NobodyServes
	case s.Owner == "":
		return Vacant
	case !live:
		return OwnerGone
	case r.Draining:
		return OwnerDraining
	case !serves(r, s.Name):
		return OwnerDoesNotServe
	case d.Owner == s.Owner:
		return Keep
	default:
		return Balance
	}
}

// Rule I6: planning from the state in which the plan is carried out gives that plan, all kept.
func TestSettles(t *testing.T) {
	check := func(_ *rand.Rand, in Input) error {
		first := Plan(in)
		second := Plan(carriedOut(in, first))
		if err := differ(owners(second), owners(first)); err != nil {
			return err
		}
		for _, d := range second.Decisions {
			if !slices.Contains([]Reason{Keep, KeepPinned, KeepNotReady, NobodyServes}, d.Reason) || d.Changes() {
				return fmt.Errorf("not settled: %+v", d)
			}
		}
		return nil
	}
	everyInput(t, 10000, allow, check)
	shrinking(t, allow, check)
	large := allow
	large.shards, large.replicas = 200, 30
	everyInput(t, 20, large, check)
}

func TestReasonsHaveSentences(t *testing.T) {
	for _, r := range []Reason{Keep, KeepNotReady, Vacant, OwnerGone, OwnerDraining, OwnerDoesNotServe, Balance, NobodyServes} {
		if r.String() == string(r) {
			t.Errorf("%s has no sentence", string(r))
		}
	}
	if got := Reason("Other").String(); got != "Other" {
		t.Errorf("unknown reason: got %q", got)
	}
}
