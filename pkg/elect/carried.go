package elect

import (
	"slices"
	"strings"

	"github.com/kindred-k8s/kindred/pkg/assign"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// carried is what tells whether a change of owner is the plan being carried out. Then
// the plan stays as it is (package assign promises that for equal weights), and need
// not be made anew: in a fleet of a hundred replicas and a thousand kinds a rollout
// changes owners some thousands of times, at each replica.
type carried struct {
	// out says that the promise holds for the plan.
	out bool
	// In a rollout: the replicas of the newest revision, how many shards they own, and
	// how many is enough.
	ofNewest    map[string]bool
	given, most int
}

// canBeCarriedOut says whether a plan for these shards stays the same while it is
// carried out.
func canBeCarriedOut(shards []assign.Shard) bool {
	for _, s := range shards {
		if s.Weight != shards[0].Weight || s.Group != "" || s.Pin != "" {
			return false
		}
	}
	return true
}

// ownerChanged takes in that a Lease that is known has another holder, or none. The
// plan is made anew unless that is what it says.
func (c *Core) ownerChanged(name string) {
	key := c.shardKeys[name]
	i, known := slices.BinarySearchFunc(c.plan.Decisions, key, func(d assign.Decision, key string) int {
		return strings.Compare(d.Shard, key)
	})
	// How a kind is to be split depends on who owns which of its Leases (layout.go).
	kind, _, _ := lease.SplitName(name)
	if c.planStale || !c.carried.out || !known || len(c.buckets[kind]) > 0 {
		c.planStale = true
		return
	}
	planned := &c.plan.Decisions[i]
	switch owner := c.ownerOf(key, name); {
	case owner == planned.From:
	case owner == planned.Owner || owner == "" && planned.Changes():
		c.recount(planned.From, owner)
		planned.From = owner
	default:
		c.planStale = true
	}
}

// recount follows how many shards the newest revision owns: when that becomes enough,
// or is so no longer, the older one is planned for differently.
func (c *Core) recount(from, to string) {
	enough := c.carried.given >= c.carried.most
	if c.carried.ofNewest[from] {
		c.carried.given--
	}
	if c.carried.ofNewest[to] {
		c.carried.given++
	}
	if c.carried.ofNewest != nil && enough != (c.carried.given >= c.carried.most) {
		c.planStale = true
	}
}
