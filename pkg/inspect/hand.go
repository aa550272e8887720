package inspect

import (
	"fmt"
	"iter"
	"slices"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// Choose returns the replica that somebody means who moves the kind to the Pod, or
// the identity, of the name; false when that is none which may be given the kind.
func (s *Snapshot) Choose(k Kind, name string) (Replica, bool) {
	chosen := lease.Record{MoveTo: name}.Pin("", candidates(k, s.Replicas))
	i := slices.IndexFunc(s.Replicas, func(r Replica) bool { return r.fleet() == k.fleet() && r.Identity == chosen })
	if chosen == "" || i < 0 {
		return Replica{}, false
	}
	return s.Replicas[i], true
}

// Takers returns the names of the replicas that may be given the kind.
func (s *Snapshot) Takers(k Kind) []string {
	var names []string
	for _, r := range s.Replicas {
		if r.fleet() == k.fleet() && r.ready() && r.serves(k.Name()) && !slices.Contains(names, r.Name) {
			names = append(names, r.Name)
		}
	}
	return names
}

// With returns the kinds that have one owner with this one, itself among them.
func (s *Snapshot) With(k Kind) []Kind {
	if k.Together == "" {
		return []Kind{k}
	}
	var kinds []Kind
	for _, other := range s.Kinds {
		if other.fleet() == k.fleet() && other.Together == k.Together {
			kinds = append(kinds, other)
		}
	}
	return kinds
}

// candidates are the live replicas of the kind's component.
func candidates(k Kind, replicas []Replica) iter.Seq[lease.Candidate] {
	return func(yield func(lease.Candidate) bool) {
		for _, r := range replicas {
			if r.fleet() != k.fleet() || !r.Alive || r.Lease == "" {
				continue
			}
			if !yield(lease.Candidate{Identity: r.Identity, Started: r.started, May: r.ready() && r.serves(k.Name())}) {
				return
			}
		}
	}
}

// idle says why the Pod that the kind was moved to by hand cannot own it; "" when it
// can, or will when it is ready.
func (s *Snapshot) idle(k Kind) string {
	if k.MoveTo == "" {
		return ""
	}
	why := "and no live replica is called that"
	for _, r := range s.Replicas {
		if r.fleet() != k.fleet() || !r.Alive || r.Lease == "" || r.Name != k.MoveTo && r.Identity != k.MoveTo {
			continue
		}
		if r.serves(k.Name()) {
			return ""
		}
		why = "which does not serve the kind"
	}
	return fmt.Sprintf(`it was moved by hand to %q, %s, so that counts for nothing: choose another Pod with "kindred move %s --to POD", or none with "kindred rebalance %[3]s"`,
		k.MoveTo, why, k.Name())
}
