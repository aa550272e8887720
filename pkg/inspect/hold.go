package inspect

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Hold says what a kind waits for, or what keeps it where it is. Its value is one
// word, fit for a script.
type Hold string

const (
	// NobodyServes: no live, ready replica can run the kind.
	NobodyServes Hold = "NobodyServes"
	// NotExpired: the holder does not renew, and the others have to watch the Lease for
	// its whole duration before they may take it.
	NotExpired Hold = "NotExpired"
	// NotAMember: the holder is no replica of the component, and hands over to nobody.
	NotAMember Hold = "NotAMember"
	// Rollout: replicas of several revisions are alive.
	Rollout Hold = "Rollout"
	// Settling: replicas have joined lately.
	Settling Hold = "Settling"
	// MovedLately: a rollout has moved the kind more than once.
	MovedLately Hold = "MovedLately"
	// OthersMove: other kinds are on their way.
	OthersMove Hold = "OthersMove"
	// MovedByHand: somebody has chosen the owner.
	MovedByHand Hold = "MovedByHand"
	// Paused: somebody wants the owner to stay.
	Paused Hold = "Paused"
	// ChoiceIdle: somebody has chosen an owner that cannot be it.
	ChoiceIdle Hold = "ChoiceIdle"
	// Grouped: the kind has one owner with others.
	Grouped Hold = "Grouped"
)

// Held is a Hold with what it means for the kind.
type Held struct {
	Reason  Hold   `json:"reason"`
	Message string `json:"message"`
}

// settled is for how long after a replica has joined a move that is planned is
// probably waited with: RebalanceDelay is not written anywhere, and is 3 s by default.
const settled = 30 * time.Second

// held returns what holds for the kind. What replicas keep to themselves, their
// settings and what they have seen, is put as something that may be.
func (s *Snapshot) held(k Kind) []Held {
	var all []Held
	add := func(reason Hold, format string, args ...any) {
		all = append(all, Held{reason, fmt.Sprintf(format, args...)})
	}
	s.heldByState(k, add)
	if k.Planned != "" && k.State == Owned {
		s.heldFromMoving(k, add)
	}
	s.heldByHand(k, add)
	if others := s.With(k); len(others) > 1 {
		var names []string
		for _, other := range others {
			if other.Lease != k.Lease {
				names = append(names, other.Name())
			}
		}
		add(Grouped, "it has one owner with %s (group %q): they move together", strings.Join(names, ", "), k.Together)
	}
	return all
}

type adder func(reason Hold, format string, args ...any)

func (s *Snapshot) heldByState(k Kind, add adder) {
	if k.Served == 0 {
		add(NobodyServes, "no live, ready replica serves it: a replica that has not started far enough, or the kind is not installed, or no version runs it any more")
	}
	if k.State == Stale {
		add(NotExpired, "the other replicas take it once they have themselves watched one version of the Lease for %d s", k.LeaseSeconds)
	}
	if k.Holder != "" && s.member(k.Holder, k.fleet()) == nil {
		add(NotAMember, "%s has no member Lease, as a plain LeaderElector has none: it hands over to nobody, and the kind can be taken when it stops renewing", k.Owner)
	}
}

// heldFromMoving is about a kind with a live owner that is to move.
func (s *Snapshot) heldFromMoving(k Kind, add adder) {
	var revisions, young []string
	moving := 0
	for _, r := range s.Replicas {
		if r.fleet() != k.fleet() || !r.Alive || r.Lease == "" {
			continue
		}
		if !slices.Contains(revisions, r.Revision) {
			revisions = append(revisions, r.Revision)
		}
		if age := s.At.Sub(r.Joined.Time); !r.Joined.IsZero() && age < settled {
			young = append(young, fmt.Sprintf("%s %s ago", r.Name, max(age, 0).Round(time.Second)))
		}
	}
	for _, other := range s.Kinds {
		if other.fleet() == k.fleet() && other.Lease != k.Lease && other.Planned != "" {
			moving++
		}
	}
	byHand := k.MoveTo != "" && (nameOf(k.Planned) == k.MoveTo || k.Planned == k.MoveTo)
	if byHand {
		return // it waits for nothing but its reconciler
	}
	if len(revisions) > 1 {
		slices.Sort(revisions)
		add(Rollout, "replicas of %d revisions are alive (%s): until one is left, or none came or went for ten minutes, nothing moves for balance, and what loses its owner goes to the newest", len(revisions), strings.Join(revisions, ", "))
	}
	if len(young) > 0 {
		add(Settling, "replicas have joined lately (%s): it moves once they have stayed the same for the rebalance delay, 3 s by default", strings.Join(young, ", "))
	}
	if k.moves > 1 {
		add(MovedLately, "it was moved %d times in a short time: after a rollout it stays for ten minutes", k.moves)
	}
	if moving > 0 {
		add(OthersMove, "%d other kinds are to move or have no owner: with MaxHandovers, it may have to wait for them", moving)
	}
}

func (s *Snapshot) heldByHand(k Kind, add adder) {
	chosen, can := s.Choose(k, k.MoveTo)
	switch {
	case k.MoveTo == "":
	case can && chosen.Identity == k.Holder:
		add(MovedByHand, `%s keeps it because it was moved there by hand: "kindred rebalance %s" undoes that`, k.Owner, k.Name())
	case can:
		add(MovedByHand, `it goes to %s because it was moved there by hand: "kindred rebalance %s" undoes that`, chosen.Name, k.Name())
	default:
		add(ChoiceIdle, `it was moved by hand to %s, which is not there, not ready or does not serve it, so that counts for nothing now: "kindred rebalance %s" undoes it`, k.MoveTo, k.Name())
	}
	if k.Paused {
		what := "the kind stays with its owner as long as that can run it"
		if k.MoveTo != "" && can {
			what = "the choice by hand goes before it"
		}
		add(Paused, `rebalancing is paused: %s; "kindred resume %s" undoes that`, what, k.Name())
	}
}

// member returns the live or dead replica with a member Lease; nil when there is none.
func (s *Snapshot) member(identity string, of fleet) *Replica {
	for i := range s.Replicas {
		if r := &s.Replicas[i]; r.Identity == identity && r.fleet() == of && r.Lease != "" {
			return r
		}
	}
	return nil
}
