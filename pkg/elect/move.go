package elect

import (
	"github.com/kindred-k8s/kindred/pkg/assign"
)

// move hands the shard to the replica that the plan gives it to: at once when
// somebody has chosen that replica, otherwise once membership has held still and no
// rollout is going on, and never more shards at once than the configuration allows.
func (c *Core) move(s *shard) {
	planned, ok := c.plan.For(s.key)
	if !ok || planned.Owner == "" || planned.Owner == c.config.Identity {
		return
	}
	reason := Moved
	if planned.Reason == assign.Pinned {
		reason = ByHand
	} else if c.rolling || !c.due(c.steadySince.Add(c.config.RebalanceDelay)) || c.restless(s) || !c.mayMove(s) {
		return
	}
	if planned.Owner == s.handedTo && !c.due(s.handoffNot) {
		return
	}
	if planned.Owner != s.handedTo {
		s.handedTo, s.handoffs = planned.Owner, 0
	}
	s.handoffs++
	c.planStale = c.planStale || c.config.MaxMoving > 0 || c.config.MaxMovingHere > 0
	c.drain(s, reason, planned.Owner)
}

// restless says whether a rollout has moved the shard twice not long ago: then it
// stays, at the price of a split that is less even for a while.
func (c *Core) restless(s *shard) bool {
	seen := c.leases[s.lease]
	return seen != nil && seen.Moves > 1 && !c.rolledAt.IsZero() && !c.due(c.rolledAt.Add(lately))
}

// mayMove says whether the bounds on handovers leave room for this one. The first
// shards of the plan that are to move may: replicas that see the same agree about
// them, so that they do not exceed the bound together.
func (c *Core) mayMove(s *shard) bool {
	here := 0
	for _, other := range c.shards {
		if other.phase == Draining && !other.lost {
			here++
		}
	}
	if limit := c.config.MaxMovingHere; limit > 0 && here >= limit {
		return false
	}
	limit := c.config.MaxMoving
	if limit <= 0 {
		return true
	}
	// A shard without an owner is under way, whatever took it from its last one.
	for _, d := range c.plan.Decisions {
		if d.From == "" && d.Owner != "" {
			limit--
		}
	}
	for _, d := range c.plan.Decisions {
		if d.From == "" || !d.Changes() || d.Owner == "" {
			continue
		}
		if limit--; limit < 0 {
			return false
		}
		if d.Shard == s.key {
			return true
		}
	}
	return false
}
