package elect

import (
	"slices"
	"time"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// watched takes in what the shared watch told. The watch may be behind the
// answers to this replica's own writes, so a state older than a known one is
// passed over.
func (c *Core) watched(e lease.Event) {
	switch e.Kind {
	case lease.Synced:
		c.synced, c.planStale = true, true
		c.self.seenAt = c.now
		c.inherit()
		c.reckon = true
	case lease.MemberSeen:
		c.memberSeen(e)
	case lease.OwnerSeen:
		c.ownerSeen(e)
	case lease.Gone:
		c.gone(e)
	}
}

func (c *Core) ownerSeen(e lease.Event) {
	old := c.leases[e.Name]
	if old != nil && !lease.Newer(e.Record.Version, old.Version) {
		c.advise(old, e.Record)
		return
	}
	ghost := c.ghosts[e.Name]
	c.leases[e.Name] = &lease.Observation{Record: e.Record, Since: c.now, Advised: e.Record.Version}
	delete(c.ghosts, e.Name)
	c.knowBucket(e.Name)
	c.intruded(e.Name, e.Record)
	switch {
	case old == nil && ghost == nil && e.Record.MoveTo == "" && !e.Record.Paused:
		c.ownerChanged(e.Name) // the first owner of a kind
	case old == nil || old.MoveTo != e.Record.MoveTo || old.Paused != e.Record.Paused || old.UID != e.Record.UID ||
		!c.now.Before(lease.ExpiresAt(old, c.config.Timing.LeaseDuration)):
		c.planStale = true
	case old.Holder != e.Record.Holder || old.Transitions != e.Record.Transitions:
		c.ownerChanged(e.Name)
	}
	s := c.shardNamed(e.Name)
	if s == nil {
		return
	}
	if s.handoffs > 0 && e.Record.Holder == s.handedTo {
		s.handoffs = 0
	}
	c.checkTerm(s, e.Record)
}

// advise takes in what somebody has written by hand on a Lease that this replica has
// renewed since: the answer to the renewal may be faster than the watch, and does not
// tell it.
func (c *Core) advise(seen *lease.Observation, r lease.Record) {
	if r.UID != seen.UID || !lease.Newer(r.Version, seen.Advised) {
		return
	}
	if seen.MoveTo != r.MoveTo || seen.Paused != r.Paused {
		c.planStale = true
	}
	seen.Moves, seen.MoveTo, seen.Paused, seen.Advised = r.Moves, r.MoveTo, r.Paused, r.Version
}

// checkTerm ends a term that a newer state of its Lease contradicts (hazard 2).
func (c *Core) checkTerm(s *shard, r lease.Record) {
	if !s.hasTerm() || s.lost || s.releasing || !lease.Newer(r.Version, s.version) {
		return
	}
	switch {
	case r.UID != s.term.UID:
		c.lose(s, LeaseDeleted)
	case !s.term.Is(r):
		c.lose(s, HolderChanged)
	default:
		s.version = r.Version
		if r.Duration < s.timing.LeaseDuration {
			// Others wait only for what is written there. Act no longer than that, and
			// start a new term with the right duration. Where nothing is written, they
			// wait for their own duration (lease.Judge), so the reconciler has its time to
			// return; a plain elector would not wait, so it writes nothing from now on.
			shorter := lease.Timing{LeaseDuration: max(r.Duration, 0)}
			until := shorter.SafeUntil(c.now)
			if r.Duration > 0 && until.Before(s.safeUntil) {
				s.safeUntil = until
			}
			s.shortened = r.Version
			c.fence(s, until, LeaseEdited)
			c.drain(s, LeaseEdited, "")
		}
	}
}

func (c *Core) gone(e lease.Event) {
	c.knowDeleted(e)
	if old := c.leases[e.Name]; old != nil && lease.Newer(e.Version, old.Version) {
		delete(c.leases, e.Name)
		delete(c.collected, e.Name)
		delete(c.evictions, e.Name)
		c.unmarked(e.Name)
		if e.Listed {
			old.Since = c.now
		}
		old.Duration = lease.BoundedWait(old.Duration, c.config.Timing.LeaseDuration)
		if c.judged(old) == lease.Held {
			c.ghosts[e.Name] = old
		}
		c.planStale = true
		if s := c.shardNamed(e.Name); s != nil && lease.Newer(e.Version, s.version) && !s.releasing {
			c.lose(s, LeaseDeleted)
		}
	}
	if old := c.members[e.Name]; old != nil && lease.Newer(e.Version, old.Version) {
		delete(c.members, e.Name)
		delete(c.collected, e.Name)
		c.planStale, c.reckon = true, true
		if old.Identity == c.config.Identity {
			c.self.due = true // somebody deleted our presence: write it again
		}
	}
}

// knowDeleted remembers when a Lease of a kind of this replica's was deleted. The answer
// to an earlier write or read may come later, and nothing would take back what it says.
func (c *Core) knowDeleted(e lease.Event) {
	kind, _, _ := lease.SplitName(e.Name)
	ours := slices.ContainsFunc(c.shards, func(s *shard) bool { return s.kind == kind })
	if ours && lease.Newer(e.Version, c.deleted[e.Name]) {
		c.deleted[e.Name] = e.Version
	}
}

func (c *Core) memberSeen(e lease.Event) {
	old := c.members[e.Name]
	if old != nil && !lease.Newer(e.Member.Version, old.Version) {
		return
	}
	if e.Member.Identity == "" {
		return // written by hand: nobody can be planned by that name
	}
	seen := e.Member
	seen.Since, seen.First = c.now, c.now
	seen.Serves = c.listOf(seen.Serves).serves
	if old != nil && old.UID == seen.UID {
		seen.First = old.First
	}
	if seen.Identity == c.config.Identity {
		c.planStale = c.planStale || c.blind()
		c.self.seenAt = c.now
	}
	c.members[e.Name] = &seen
	if old == nil || c.isSuspect(old) || !old.Alive(c.config.Timing.LeaseDuration, c.now) || !sameMember(old.Member, seen.Member) {
		c.planStale = true
	}
	c.adopt(seen.Member)
	c.reckon = true
}

func (c *Core) shardNamed(name string) *shard {
	return c.byLease[name]
}

// judge notices what the passing of time alone changes: Leases and members that
// have expired since the plan was made. Mostly they have been renewed meanwhile, and
// the plan stands.
func (c *Core) judge() {
	if c.judgeAt.IsZero() || c.planStale || !c.due(c.judgeAt) {
		return
	}
	c.judgeAt = time.Time{}
	fallback := c.config.Timing.LeaseDuration
	for _, m := range c.members {
		c.judgeOne(m.ExpiresAt(fallback))
	}
	for _, known := range []map[string]*lease.Observation{c.leases, c.ghosts} {
		for _, seen := range known {
			if seen.Holder != "" {
				c.judgeOne(lease.ExpiresAt(seen, fallback))
			}
		}
	}
	if c.rolling {
		c.judgeOne(c.rolledOver)
	}
}

// judgeOne takes in when something expires, or has.
func (c *Core) judgeOne(at time.Time) {
	switch {
	case c.now.Before(at):
		c.judgeBy(at)
	case at.After(c.plannedAt):
		c.planStale = true
	}
}

// judgeBy brings judgeAt forward to t.
func (c *Core) judgeBy(t time.Time) {
	if c.judgeAt.IsZero() || t.Before(c.judgeAt) {
		c.judgeAt = t
	}
	c.wakeAt(t)
}
