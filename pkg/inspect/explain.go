package inspect

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindred-k8s/kindred/pkg/assign"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// Explanation is what can be said of one kind from the Leases, and why.
type Explanation struct {
	At   metav1.MicroTime `json:"at"`
	Kind Kind             `json:"kind"`
	// Right says by what right the owner has the kind, or why nobody has.
	Right string `json:"right"`
	// Plan says who should own it, Reason why in one word of package assign, and Why in
	// that word's sentence. Plan is "" when there is no plan.
	Plan   string        `json:"plan,omitempty"`
	Reason assign.Reason `json:"reason,omitempty"`
	Why    string        `json:"why,omitempty"`
	// Held is what it waits for, or what keeps it where it is.
	Held []Held `json:"held,omitempty"`
	// Replicas are all of the component.
	Replicas []Candidate `json:"replicas"`
}

// Candidate is a replica as the plan looks at it for one kind.
type Candidate struct {
	Name      string `json:"name"`
	Identity  string `json:"identity"`
	Condition string `json:"condition"`
	Revision  string `json:"revision,omitempty"`
	Serves    bool   `json:"serves"`
	Owned     int    `json:"owned"`
	Load      int64  `json:"load"`
	Capacity  int64  `json:"capacity,omitempty"`
	// Owner and Planned say whether it owns the kind, and whether it should.
	Owner   bool `json:"owner,omitempty"`
	Planned bool `json:"planned,omitempty"`
	// Cannot says why it cannot be given the kind; empty when it can.
	Cannot string `json:"cannot,omitempty"`
}

// Explain says what the plan has for a kind of the snapshot, and why. It computes the
// plan as every replica does; what a replica alone knows (a rollout that has ended, a
// Pod that is known to have, its own settings) is not in the Leases.
func (s *Snapshot) Explain(k Kind) Explanation {
	e := Explanation{At: s.At, Kind: k, Right: s.right(k), Held: s.held(k), Reason: k.Because, Replicas: []Candidate{}}
	should := k.Planned
	if should == "" && k.Because != "" && k.Because != assign.NobodyServes {
		should = k.Holder
	}
	switch {
	case k.Because == "":
	case should == "":
		e.Plan = "nobody can own it"
	case k.Planned == "":
		e.Plan = nameOf(should) + " should go on owning it"
	default:
		e.Plan = nameOf(should) + " should own it"
	}
	if k.Because != "" {
		e.Why = k.Because.String()
	}
	for _, r := range s.Replicas {
		if r.fleet() == k.fleet() {
			e.Replicas = append(e.Replicas, Candidate{
				Name: r.Name, Identity: r.Identity, Condition: r.condition(), Revision: r.Revision,
				Serves: r.serves(k.Name()), Owned: r.Owned, Load: r.Load, Capacity: r.Capacity,
				Owner: r.Identity == k.Holder && k.Holder != "", Planned: r.Identity == should && should != "",
				Cannot: r.cannot(k.Name()),
			})
		}
	}
	return e
}

// right says by what right the kind has its owner.
func (s *Snapshot) right(k Kind) string {
	renewed := fmt.Sprintf("last renewed %s ago", age(s.At.Time, k.Renewed.Time))
	if k.Renewed.IsZero() {
		renewed = "which does not say when it was renewed"
	}
	switch {
	case k.State == Owned:
		return fmt.Sprintf("%s holds the Lease, %s; others may take it %d s after a renewal", k.Owner, renewed, k.LeaseSeconds)
	case k.State == Stale:
		return fmt.Sprintf("%s holds the Lease, but has not renewed it in time: %s, and it lasts %d s", k.Owner, renewed, k.LeaseSeconds)
	case k.UID == "":
		return "nobody has ever owned it: its Lease does not exist yet"
	case k.Planned != "":
		return "nobody holds the Lease: the planned owner takes it at once, anyone who serves it after a retry period"
	default:
		return "nobody holds the Lease"
	}
}

// cannot says why the replica cannot be given the kind.
func (r Replica) cannot(kind string) string {
	switch {
	case r.Lease == "":
		return "it is no member: only what it owns is known"
	case !r.Alive:
		return "it has not renewed its member Lease"
	case r.Phase == lease.Starting:
		return "it is starting, or starts again and again"
	case r.Phase == lease.Draining:
		return "it is leaving"
	case !r.serves(kind):
		return "it does not serve the kind"
	default:
		return ""
	}
}
