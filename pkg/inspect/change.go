package inspect

import (
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// Change is one change of a kind's owner, as a watch showed it.
type Change struct {
	// At is when the reader saw it.
	At                                       time.Time
	Kind, Group, Namespace, Component, Lease string
	// Bucket and Of are as in Kind.
	Bucket, Of int
	// From and To are identities. To is empty when the kind became vacant. From is
	// the last owner, also when the kind has been vacant since; empty when it never
	// had one that the reader saw.
	From, To string
	// Gap is how long the kind had no owner: since it was released, or, with
	// Expired, since its last owner's last renewal, which is the longest it can
	// have been. Both ends are measured where the watch is read. It is zero when To
	// or From is empty.
	Gap time.Duration
	// Expired: To took over from an owner that had not released it.
	Expired bool
	// Deleted: the Lease was deleted, and To is empty.
	Deleted bool
}

// Name is the kind as people write it.
func (c Change) Name() string { return shardOf(c.Kind, c.Group, c.Bucket, c.Of).String() }

// String says the change in one line, without the time.
func (c Change) String() string {
	from, to := Printable(nameOf(c.From)), Printable(nameOf(c.To))
	switch {
	case c.Deleted:
		return fmt.Sprintf("%s  %s -> nobody: the Lease was deleted", c.Name(), from)
	case c.To == "":
		return fmt.Sprintf("%s  %s -> nobody: released", c.Name(), from)
	case c.From == "":
		return fmt.Sprintf("%s  nobody -> %s", c.Name(), to)
	case c.Expired:
		return fmt.Sprintf("%s  %s -> %s: taken over, %s after the last renewal", c.Name(), from, to, round(c.Gap))
	default:
		return fmt.Sprintf("%s  %s -> %s: %s without an owner", c.Name(), from, to, round(c.Gap))
	}
}

// round leaves what a person reads: milliseconds, and tenths of seconds above
// one.
func round(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "less than 1ms"
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	default:
		return d.Round(100 * time.Millisecond).String()
	}
}

// tracker finds the changes of owner in a stream of Lease versions. It has no
// clock: the time of each version's arrival is given.
type tracker struct {
	leases map[leaseKey]*tracked
}

type tracked struct {
	// owner is who holds the Lease now, last who held it before it was vacant.
	owner, last string
	uid         string
	// vacant is when it became so, seen when the owner's last version arrived.
	vacant, seen time.Time
}

func newTracker() *tracker { return &tracker{leases: map[leaseKey]*tracked{}} }

// observe takes in a version of a Lease, or its deletion, that arrived at the
// given time. It returns the change that it shows, if any. A Lease not seen
// before shows a change only if it was made while the stream was read; the first
// list of a watch is not.
func (t *tracker) observe(l *coordinationv1.Lease, deleted, first bool, at time.Time) (Change, bool) {
	shard, err := shardOfLease(l)
	if err != nil || l.Labels[lease.LabelRole] != lease.RoleOwner {
		return Change{}, false
	}
	key := leaseKey{l.Namespace, l.Name}
	state := t.leases[key]
	if state == nil {
		state = &tracked{}
		t.leases[key] = state
	}
	owner := ""
	if l.Spec.HolderIdentity != nil && !deleted {
		owner = *l.Spec.HolderIdentity
	}
	change := Change{
		At: at, Kind: shard.Kind.Kind, Group: shard.Kind.Group, Bucket: shard.Bucket, Of: shard.Of,
		Namespace: l.Namespace, Component: l.Labels[lease.LabelComponent], Lease: l.Name,
		From: state.last, To: owner, Deleted: deleted,
	}
	before := *state
	state.uid = string(l.UID)
	if owner != "" {
		state.owner, state.last, state.seen = owner, owner, at
	} else if before.owner != "" {
		state.owner, state.vacant = "", at
	}
	switch {
	case first, owner == before.owner && (owner == "" || before.uid == string(l.UID)):
		return Change{}, false
	case owner == "":
		change.From = before.owner
	case before.last == "":
	case before.owner == "":
		change.Gap = at.Sub(before.vacant)
	case before.uid == string(l.UID):
		change.Gap, change.Expired = at.Sub(before.seen), true
	}
	return change, true
}
