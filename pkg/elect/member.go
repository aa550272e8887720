package elect

import (
	"slices"
	"time"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// presence is this replica's own member Lease.
type presence struct {
	// acked is the phase in the last write that succeeded.
	acked lease.Phase
	// ackedMember is what that write said, sentMember what the last write said,
	// sentAt when it was sent.
	ackedMember, sentMember lease.Member
	sentAt, ackedAt         time.Time
	writing                 bool
	failed                  bool
	// due asks for a write although nothing has changed.
	due bool
	// seenAt is when the watch last told of one of these writes.
	seenAt time.Time
}

// joined says whether the others can know that this replica takes part.
func (p *presence) joined() bool { return p.acked == lease.Ready }

// blind says whether the watch has not told of this replica's own heartbeats for a
// lease duration, although they succeed. Such a replica sees everybody else expire
// and would think itself alone.
func (c *Core) blind() bool {
	p := &c.self
	return p.acked != "" && !p.failed && !p.seenAt.IsZero() &&
		p.ackedAt.Sub(p.seenAt) > c.config.Timing.LeaseDuration
}

// Member returns what the replica has to say before it has seen anything: what it
// joins with.
func (c *Core) Member() lease.Member {
	m := c.member()
	m.Phase, m.Serves = lease.Starting, nil
	return m
}

// member returns what this replica has to say about itself now.
func (c *Core) member() lease.Member {
	m := lease.Member{
		Identity: c.config.Identity,
		Instance: c.config.Instance,
		Phase:    lease.Ready,
		Capacity: max(c.config.Capacity, 1),
		Revision: c.config.Revision,
		PodUID:   c.config.PodUID, Container: c.config.Container,
		Joined:  c.joined,
		Started: roundUp(c.config.Started),
		Crashes: c.crashes,
	}
	if c.crashes > 0 && c.now.Sub(c.syncedAt) >= lately {
		m.Crashes = 0
	}
	switch {
	case c.closing:
		m.Phase = lease.Draining
	case c.blind(), !c.due(c.distrusted):
		m.Phase = lease.Starting
	}
	m.Serves = make([]lease.Served, 0, len(c.shards))
	for _, s := range c.shards {
		if c.offered(s) {
			m.Serves = append(m.Serves, lease.Served{Shard: s.key, Weight: s.weight, Group: s.group, Lease: s.given})
		}
	}
	return m
}

// roundUp returns t in Unix seconds; zero for the zero time.
func roundUp(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Add(time.Second - 1).Unix()
}

// sameNews says whether the others know all of member that cannot wait for the next
// heartbeat. What others own and have measured is no news.
func (c *Core) sameNews(member lease.Member) bool {
	acked := c.self.ackedMember
	if !c.learns {
		return sameMember(member, acked)
	}
	member.Serves = slices.Clone(member.Serves)
	for i, served := range member.Serves {
		s := c.byKey[served.Shard]
		if s.learn && s.phase != Owning && i < len(acked.Serves) {
			member.Serves[i].Weight = acked.Serves[i].Weight
		}
	}
	return sameMember(member, acked)
}

func sameMember(a, b lease.Member) bool {
	return a.Phase == b.Phase && a.Capacity == b.Capacity && sameServes(a.Serves, b.Serves)
}

// publish writes the member Lease when there is news, and otherwise as a
// heartbeat. It waits for the first full view of the Leases: a replica that
// cannot see them can be of no use.
func (c *Core) publish() {
	if !c.synced || c.self.writing {
		return
	}
	member := c.member()
	if c.self.acked == "" && !c.closing && c.startsAgain(member) {
		return
	}
	news := c.self.due || c.self.acked == "" || !c.sameNews(member)
	if c.closing && c.self.acked == lease.Draining {
		news = false // once it is leaving, what it served is of no interest
	}
	next := c.self.sentAt.Add(c.config.Timing.Heartbeat())
	if news {
		next = c.now
	}
	if c.self.failed {
		next = c.self.sentAt.Add(c.config.Timing.RetryPeriod)
	}
	if !c.due(next) {
		return
	}
	c.self.writing, c.self.due = true, false
	c.self.sentMember, c.self.sentAt = member, c.now
	c.do(Publish{Member: member})
}

func (c *Core) published(e Published) {
	c.self.writing, c.self.failed = false, !e.OK
	if !e.OK {
		return
	}
	c.self.ackedAt = c.now
	changed := c.self.acked != e.Phase || !sameMember(c.self.ackedMember, c.self.sentMember)
	c.self.acked, c.self.ackedMember = e.Phase, c.self.sentMember
	if changed || c.blind() {
		c.planStale = true
	}
}

// collect deletes the member Leases of replicas that ended without a word and
// that no Pod owns. One replica does it, the first by name, so that it costs one
// request.
func (c *Core) collect() {
	if c.closing || !c.synced || !c.self.joined() {
		return
	}
	c.collectBuckets()
	fallback := c.config.Timing.LeaseDuration
	for _, m := range c.members {
		if m.Alive(fallback, c.now) && m.Phase == lease.Ready && m.Identity < c.config.Identity {
			return
		}
	}
	var due []string
	for name, m := range c.members {
		keep := collectAfter * fallback
		if m.PodUID != "" {
			keep = lately // the next process of its container is to know of it; with the Pod it goes at once
		}
		after := m.ExpiresAt(fallback).Add(keep)
		if tried, again := c.collected[name]; again {
			after = tried.Add(collectAfter * fallback)
		}
		if m.Identity != c.config.Identity && c.due(after) {
			due = append(due, name)
		}
	}
	slices.Sort(due)
	for _, name := range due {
		m := c.members[name]
		c.collected[name] = c.now
		c.do(Collect{Lease: name, UID: m.UID, Version: m.Version})
	}
}
