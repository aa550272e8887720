package inspect

import (
	"cmp"
	"fmt"
	"slices"
)

// Balanced says whether every kind has one live owner and the kinds are spread
// evenly. Imbalance says what is wrong.
func (s *Snapshot) Balanced() bool { return len(s.Imbalance()) == 0 }

// Imbalance returns what keeps the split from being balanced; nothing when it is.
//
// Kinds are spread evenly when no kind can be moved to another live, ready
// replica that serves it so that the higher of the two loads goes down, load being
// weight over capacity. With equal weights and capacities, and replicas that all
// serve the same, that means that no two differ by more than one kind. With equal
// weights also a move through others counts (a gives to b, which gives to c), as
// replicas that serve different kinds may need. With unequal weights the load has
// to go down by more than a quarter of the weight, because the plan (package
// assign) does not move a kind for little.
//
// Owners without a member Lease take no part in a plan and are left out. Kinds that
// somebody wants where they are, moved there by hand or paused, are not moved.
func (s *Snapshot) Imbalance() []string {
	if len(s.Kinds) == 0 {
		return []string{"there is no kind"}
	}
	var reasons []string
	fleets := map[fleet][]*Replica{}
	for i := range s.Replicas {
		replica := &s.Replicas[i]
		fleets[replica.fleet()] = append(fleets[replica.fleet()], replica)
	}
	for _, kind := range s.Kinds {
		if reason := kind.wrong(fleets[kind.fleet()]); reason != "" {
			reasons = append(reasons, reason)
		}
	}
	keys := make([]fleet, 0, len(fleets))
	for key := range fleets {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, fleet.compare)
	for _, key := range keys {
		if reason := uneven(fleets[key]); reason != "" {
			reasons = append(reasons, reason)
		}
	}
	return reasons
}

// wrong says why the kind has no proper owner; "" if it has.
func (k Kind) wrong(replicas []*Replica) string {
	switch {
	case k.State == Vacant && k.Served == 0:
		return fmt.Sprintf("%s has no owner, and no live replica serves it: if the kind is gone for good, delete Lease %s/%s", k.Name(), k.Namespace, k.Lease)
	case k.State == Vacant:
		return fmt.Sprintf("%s has no owner", k.Name())
	case k.State == Stale:
		return fmt.Sprintf("%s is held by %s, which has not renewed its Lease since %s", k.Name(), k.Owner, k.Renewed.Format("15:04:05"))
	}
	for _, replica := range replicas {
		if replica.Identity == k.Holder && replica.Lease != "" && !replica.ready() {
			return fmt.Sprintf("%s is held by %s, which is %s", k.Name(), replica.Name, replica.condition())
		}
	}
	return ""
}

// condition is the phase, or what stands above it.
func (r Replica) condition() string {
	switch {
	case !r.Alive:
		return "not alive"
	case r.Lease == "":
		return "not a member"
	default:
		return string(r.Phase)
	}
}

// uneven looks in one fleet for a move that would even out the split.
func uneven(all []*Replica) string {
	f := newLoads(all)
	for _, from := range f.replicas {
		for _, to := range reachable(from, f.replicas, f.equal) {
			for _, kind := range from.movable() {
				// A chain moves some kind out of from and another into to; with
				// equal weights it does not matter which.
				if (f.equal || to.serves(kind)) && f.worthwhile(from, to, kind) {
					return fmt.Sprintf("%s owns %d%s and %s owns %d%s",
						from.Name, from.Owned, from.of(), to.Name, to.Owned, to.of())
				}
			}
		}
	}
	return ""
}

// movable are the kinds that balance may take from the replica.
func (r Replica) movable() []string {
	return slices.DeleteFunc(slices.Clone(r.Owns), func(kind string) bool { return r.fixed[kind] })
}

// of is the capacity, where it is worth a word.
func (r Replica) of() string {
	if r.Capacity == 1 {
		return ""
	}
	return fmt.Sprintf(" (capacity %d)", r.Capacity)
}

// loads is what the replicas of a fleet that can be given kinds have to carry.
type loads struct {
	replicas []*Replica
	weight   map[string]float64
	sum      map[*Replica]float64
	// equal: all kinds have the same weight.
	equal bool
}

func newLoads(all []*Replica) loads {
	f := loads{weight: map[string]float64{}, sum: map[*Replica]float64{}, equal: true}
	for _, replica := range all {
		if replica.ready() {
			f.replicas = append(f.replicas, replica)
			for kind, w := range replica.weights {
				f.weight[kind] = max(f.weight[kind], float64(w))
			}
		}
	}
	first := float64(0)
	for _, w := range f.weight {
		first = cmp.Or(first, w)
		f.equal = f.equal && w == first
	}
	for _, replica := range f.replicas {
		for _, kind := range replica.Owns {
			if f.weight[kind] == 0 { // an owner that does not serve it any more
				f.weight[kind] = max(first, 1)
			}
			f.sum[replica] += f.weight[kind]
		}
	}
	return f
}

// worthwhile says whether the higher of the two loads would go down, by enough.
func (f loads) worthwhile(from, to *Replica, kind string) bool {
	w, a, b := f.weight[kind], float64(from.Capacity), float64(to.Capacity)
	if f.equal {
		return (f.sum[to]+w)*a < f.sum[from]*b
	}
	return f.sum[from]/a-max((f.sum[to]+w)/b, (f.sum[from]-w)/a) > w/4
}

// reachable returns the replicas that one of from's kinds can be moved to,
// through others if chains is set.
func reachable(from *Replica, replicas []*Replica, chains bool) []*Replica {
	found := []*Replica{from}
	for i := 0; i < len(found) && (i == 0 || chains); i++ {
		for _, to := range replicas {
			takes := slices.ContainsFunc(found[i].movable(), to.serves)
			if takes && !slices.Contains(found, to) {
				found = append(found, to)
			}
		}
	}
	return found[1:]
}

// Ready returns how many replicas of the snapshot are alive and ready.
func (s *Snapshot) Ready() int {
	n := 0
	for _, replica := range s.Replicas {
		if replica.ready() {
			n++
		}
	}
	return n
}

// Gone says whether the replica is only a member Lease left behind.
func (r Replica) Gone() bool { return !r.Alive && r.Owned == 0 }
