package assign_test

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"

	. "github.com/kindred-k8s/kindred/pkg/assign"
)

// grouped is an input some of whose shards are in groups.
func grouped(rnd *rand.Rand, in Input) Input {
	in.Shards = slices.Clone(in.Shards)
	for i := range in.Shards {
		if g := rnd.Intn(5); g < 3 {
			in.Shards[i].Group = fmt.Sprintf("g%d", g)
		}
		in.Shards[i].Pin = ""
	}
	return in
}

// Rule: the shards of a group have one owner, if anybody can run all of those that
// anybody can run at all.
func TestGroupsStayTogether(t *testing.T) {
	check := func(rnd *rand.Rand, in Input) error {
		in = grouped(rnd, in)
		plan := Plan(in)
		if err := differ(len(plan.Decisions), len(in.Shards)); err != nil {
			return err
		}
		owners := map[string]string{}
		for _, s := range in.Shards {
			d, ok := plan.For(s.Name)
			if !ok || d.From != s.Owner {
				return fmt.Errorf("%s: wrong or no decision: %+v", s.Name, d)
			}
			if s.Group == "" || len(takers(in, s.Name)) == 0 {
				continue
			}
			if owner, known := owners[s.Group]; known && owner != d.Owner {
				return fmt.Errorf("group %s is with %q and %q", s.Group, owner, d.Owner)
			}
			owners[s.Group] = d.Owner
		}
		again := Plan(carriedOut(in, plan))
		for _, d := range again.Decisions {
			if d.Changes() {
				return fmt.Errorf("not settled: %+v", d)
			}
		}
		return nil
	}
	// With unwell replicas, owners that are not ready keep their part of a group.
	w := allow
	w.unwell = false
	everyInput(t, 5000, w, check)
	shrinking(t, w, check)
}

// A kind that nobody can run yet does not keep its group waiting.
func TestGroupDoesNotWait(t *testing.T) {
	plan := Plan(Input{
		Shards: []Shard{{Name: "installed", Group: "g"}, {Name: "missing", Group: "g"}, {Name: "too", Group: "g"}},
		Replicas: []Replica{
			{Name: "a", Ready: true, Serves: []string{"installed", "too"}},
			{Name: "b", Ready: true, Serves: []string{"installed", "too"}},
		},
	})
	if err := differ(owners(plan), []string{"installed=a", "missing=", "too=a"}); err != nil {
		t.Error(err)
	}
}

func TestGroupsReasons(t *testing.T) {
	plan := Plan(Input{
		Shards: []Shard{
			{Name: "most", Group: "g", Weight: 3, Owner: "b"}, {Name: "rest", Group: "g", Owner: "a"}, {Name: "vacant", Group: "g"},
		},
		Replicas: []Replica{{Name: "a", Ready: true, ServesAll: true}, {Name: "b", Ready: true, ServesAll: true}},
	})
	var got []string
	for _, d := range plan.Decisions {
		got = append(got, fmt.Sprintf("%s: %q -> %q %s", d.Shard, d.From, d.Owner, string(d.Reason)))
	}
	want := []string{`most: "b" -> "b" Keep`, `rest: "a" -> "b" Together`, `vacant: "" -> "b" Vacant`}
	if err := differ(got, want); err != nil {
		t.Error(err)
	}
}

// Rule: of those that could go as well, the shards go that were moved least.
func TestMovedLeastGoesFirst(t *testing.T) {
	for _, weight := range []int64{1, 2} {
		in := Input{
			Shards: []Shard{
				{Name: "s1", Owner: "a", Moves: 2}, {Name: "s2", Owner: "a", Moves: 1}, {Name: "s3", Owner: "a", Moves: 2},
				{Name: "s4", Owner: "b", Weight: weight},
			},
			Replicas: []Replica{{Name: "a", Ready: true, ServesAll: true}, {Name: "b", Ready: true, ServesAll: true}},
		}
		in.Replicas = append(in.Replicas, Replica{Name: "c", Ready: true, ServesAll: true})
		plan := Plan(in)
		if d, _ := plan.For("s2"); d.Owner != "c" || plan.Changes() != 1 {
			t.Errorf("weight %d: %v, want s2 to go to c, which was moved least", weight, owners(plan))
		}
	}
}

// A pin counts like any other load, and one that cannot be followed is no pin.
func TestPins(t *testing.T) {
	in := Input{
		Shards:   []Shard{{Name: "s1", Owner: "a", Pin: "b"}, {Name: "s2", Owner: "a"}, {Name: "s3", Owner: "b"}, {Name: "s4", Owner: "b", Pin: "gone"}},
		Replicas: []Replica{{Name: "a", Ready: true, ServesAll: true}, {Name: "b", Ready: true, ServesAll: true}},
	}
	plan := Plan(in)
	if got := counts(in, plan); got["a"] != 2 || got["b"] != 2 {
		t.Errorf("%v, want two each", owners(plan))
	}
	if d, _ := plan.For("s1"); d.Owner != "b" || d.Reason != Pinned {
		t.Errorf("%+v, want s1 pinned to b", d)
	}
	in.Replicas[1].Draining = true
	if d, _ := Plan(in).For("s1"); d.Owner != "a" || d.Reason != Keep {
		t.Errorf("%+v, want s1 to stay while b is leaving", d)
	}
}
