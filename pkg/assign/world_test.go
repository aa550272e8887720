package assign_test

import (
	"fmt"
	"math/rand"
	"slices"

	. "github.com/kindred-k8s/kindred/pkg/assign"
)

// world says what random inputs may contain; the zero value is the plainest: equal weights and
// capacities, everybody ready and serving everything, owners alive.
type world struct {
	shards, replicas int  // at most
	restricted       bool // replicas serve different shards
	capacities       bool // 1 to 4, instead of 1
	weights          bool // 1 to 12, instead of 1
	unwell           bool // some replicas are not ready or draining
	dead             bool // some owners are not among the replicas
	vacantOnly       bool // no shard has an owner
	buckets          bool // some shards are buckets
	moved            bool // some shards were moved lately
	pins             bool // some shards are pinned
}

// input draws an input. Every seed gives the same one.
func (w world) input(rnd *rand.Rand) Input {
	var in Input
	for i := range 1 + rnd.Intn(w.replicas) {
		r := Replica{Name: fmt.Sprintf("r%02d", i), Ready: true, ServesAll: true}
		if w.capacities {
			r.Capacity = int64(1 + rnd.Intn(4))
		}
		if w.unwell {
			r.Ready, r.Draining = rnd.Intn(5) > 0, rnd.Intn(5) == 0
		}
		in.Replicas = append(in.Replicas, r)
	}
	for i := range rnd.Intn(w.shards + 1) {
		s := Shard{Name: fmt.Sprintf("s%02d", i)}
		if w.weights {
			s.Weight = int64(1 + rnd.Intn(12))
		}
		if w.buckets {
			s.Bucket = rnd.Intn(3)
		}
		// A skewed choice makes the loads uneven more often.
		if o := min(rnd.Intn(len(in.Replicas)+1), rnd.Intn(len(in.Replicas)+1)); o > 0 && !w.vacantOnly {
			s.Owner = in.Replicas[o-1].Name
			if w.dead && rnd.Intn(6) == 0 {
				s.Owner = "dead"
			}
		}
		if w.moved {
			s.Moves = rnd.Intn(3)
		}
		if w.pins && rnd.Intn(4) == 0 {
			s.Pin = in.Replicas[rnd.Intn(len(in.Replicas))].Name
		}
		in.Shards = append(in.Shards, s)
	}
	if w.restricted {
		density := 1 + rnd.Intn(4) // the same for all, so that sparse inputs are as usual as dense ones
		for i := range in.Replicas {
			r := &in.Replicas[i]
			r.ServesAll = rnd.Intn(6) == 0
			for _, s := range in.Shards {
				if rnd.Intn(5) < density {
					r.Serves = append(r.Serves, s.Name)
				}
			}
		}
	}
	return in
}

func serves(r Replica, shard string) bool { return r.ServesAll || slices.Contains(r.Serves, shard) }

func find(in Input, replica string) (Replica, bool) {
	for _, r := range in.Replicas {
		if r.Name == replica {
			return r, true
		}
	}
	return Replica{}, false
}

// takers are the replicas that may be given the shard.
func takers(in Input, shard string) []string {
	var out []string
	for _, r := range in.Replicas {
		if r.Ready && !r.Draining && serves(r, shard) {
			out = append(out, r.Name)
		}
	}
	return out
}

// pinned says whether somebody has chosen a replica for the shard that may be given it.
func pinned(in Input, s Shard) bool { return slices.Contains(takers(in, s.Name), s.Pin) }

// keeps says whether the shard's owner is alive but not ready, and may keep it.
func keeps(in Input, s Shard) bool {
	r, live := find(in, s.Owner)
	return live && !r.Ready && !r.Draining && serves(r, s.Name)
}

// carriedOut is the input after the whole plan has been done.
func carriedOut(in Input, plan Result) Input {
	return partly(in, plan, func(Shard) int { return done })
}

// How far a planned change has come.
const (
	notBegun = iota
	vacant
	done
)

// partly is the input after each change of the plan has come as far as progress says for its shard.
func partly(in Input, plan Result, progress func(Shard) int) Input {
	out := Input{Shards: slices.Clone(in.Shards), Replicas: in.Replicas}
	for i := range out.Shards {
		s := &out.Shards[i]
		d, _ := plan.For(s.Name)
		if !d.Changes() {
			continue
		}
		switch progress(*s) {
		case vacant:
			s.Owner = ""
			s.Moves++
		case done:
			s.Owner = d.Owner
			s.Moves++
		}
	}
	return out
}

// owners lists "shard=owner" in the order of the plan.
func owners(plan Result) []string {
	var out []string
	for _, d := range plan.Decisions {
		out = append(out, d.Shard+"="+d.Owner)
	}
	return out
}

// counts is the number of shards planned for each replica of the input.
func counts(in Input, plan Result) map[string]int {
	out := map[string]int{}
	for _, r := range in.Replicas {
		out[r.Name] = 0
	}
	for _, d := range plan.Decisions {
		if d.Owner != "" {
			out[d.Owner]++
		}
	}
	return out
}
