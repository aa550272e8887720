package elect

import (
	"time"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// suspects are the replicas that let a Lease expire and have not been heard of
// since. They have most likely crashed, and giving them the shard again would
// make everyone wait for the grace period. They stay suspects when somebody has taken
// the Lease: until their presence expires too, which may be seconds later, they would
// look like replicas with nothing to do.
func (c *Core) suspects() map[string]bool {
	fallback := c.config.Timing.LeaseDuration
	for _, seen := range c.leases {
		if lease.Judge(seen, fallback, c.now) != lease.Expired {
			continue
		}
		for _, m := range c.members {
			if m.Identity == seen.Holder && m.Since.Before(lease.ExpiresAt(seen, fallback)) {
				c.suspected[m.Identity] = m.Since
			}
		}
	}
	suspects := map[string]bool{}
	for _, m := range c.members {
		if c.isSuspect(m) {
			suspects[m.Identity] = true
		}
	}
	for identity := range c.suspected {
		if !suspects[identity] {
			delete(c.suspected, identity) // it was heard of, or is gone
		}
	}
	return suspects
}

// isSuspect says whether the member was suspected and not heard of since.
func (c *Core) isSuspect(m *lease.MemberObservation) bool {
	since, suspected := c.suspected[m.Identity]
	return suspected && since.Equal(m.Since)
}

// suspected is when each suspect was last heard of, by identity.
type suspected map[string]time.Time
