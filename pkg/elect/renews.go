package elect

import "github.com/kindred-k8s/kindred/pkg/lease"

// renews takes in an event by which somebody only lives on as before, and reports
// whether it was one. Nearly all events are: every renewal of every owner, and every
// heartbeat, reaches every replica. Nothing has to be done about them earlier than Next
// has said. What differs in any way is left to apply.
func (c *Core) renews(event Event) bool {
	switch e := event.(type) {
	case Watched:
		switch e.Kind {
		case lease.OwnerSeen:
			return c.ownerRenews(e.Event)
		case lease.MemberSeen:
			return c.memberRenews(e.Event)
		}
	case Renewed:
		s := c.byShard[e.Shard]
		if s == nil || s.phase != Owning || s.lost {
			return false
		}
		c.renewed(s, e)
		return true
	case Load:
		c.withShard(e.Shard, func(s *shard) { c.load(s, e) })
		return true
	}
	return false
}

func (c *Core) ownerRenews(e lease.Event) bool {
	old := c.leases[e.Name]
	if old == nil || old.Holder == "" || c.ended[old.Holder] {
		return false
	}
	now := e.Record
	now.Version, now.Acquired, now.Renewed = old.Version, old.Acquired, old.Renewed
	s := c.byLease[e.Name]
	if now != old.Record || s != nil && s.handoffs > 0 {
		return false
	}
	if !lease.Newer(e.Record.Version, old.Version) {
		// The watch tells of this replica's own renewal, or tells again.
		if lease.Newer(e.Record.Version, old.Advised) {
			old.Advised = e.Record.Version
		}
		return true
	}
	if s != nil && s.hasTerm() || !c.now.Before(lease.ExpiresAt(old, c.config.Timing.LeaseDuration)) {
		return false
	}
	old.Record, old.Since, old.Advised = e.Record, c.now, e.Record.Version
	return true
}

func (c *Core) memberRenews(e lease.Event) bool {
	old := c.members[e.Name]
	if old == nil || c.ended[old.Identity] || c.isSuspect(old) || !lease.Newer(e.Member.Version, old.Version) {
		return false
	}
	fallback := c.config.Timing.LeaseDuration
	if old.UID != e.Member.UID || !old.Alive(fallback, c.now) || old.Duration != e.Member.Duration || !sameWords(old.Member, e.Member.Member) {
		return false
	}
	if old.Identity == c.config.Identity {
		if c.blind() {
			return false
		}
		c.self.seenAt = c.now
	}
	old.Version, old.Since, old.Renewed = e.Member.Version, c.now, e.Member.Renewed
	c.adopt(old.Member)
	return true
}

// sameWords says whether two members are the same to the last word.
func sameWords(a, b lease.Member) bool {
	return sameMember(a, b) && a.Identity == b.Identity && a.Instance == b.Instance && a.Revision == b.Revision &&
		a.PodUID == b.PodUID && a.Container == b.Container && a.Joined == b.Joined && a.Started == b.Started &&
		a.Crashes == b.Crashes
}
