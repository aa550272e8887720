package elect

import (
	"time"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

var zeroTime time.Time

func (s *shard) hasTerm() bool { return s.phase == Owning || s.phase == Draining }

func (c *Core) renewed(s *shard, e Renewed) {
	if !s.hasTerm() || s.lost {
		return
	}
	if lease.Newer(e.Version, s.version) {
		s.version = e.Version
	}
	if seen := c.leases[s.lease]; seen != nil && lease.Newer(e.Version, seen.Version) {
		seen.Version, seen.Since = e.Version, c.now
	}
	if s.shortened != "" && !lease.Newer(e.Version, s.shortened) {
		return // a late answer: the Lease has had a shorter duration since
	}
	if until := s.timing.SafeUntil(e.SentAt); until.After(s.safeUntil) {
		s.safeUntil = until
		s.renewBy = e.SentAt.Add(s.timing.RenewDeadline)
	}
}

// advanceOwner ends a term that must not or need not go on.
func (c *Core) advanceOwner(s *shard) {
	switch {
	case c.due(s.safeUntil):
		// Only a process that was stopped, or starved, gets here: renewBy is earlier.
		c.drain(s, SafeUntilPassed, "")
	case c.due(s.renewBy):
		// The elector counts its deadline from its first failure, up to a retry period
		// later, which would be taken from the time that the reconciler has to finish.
		c.drain(s, RenewFailed, "")
	case c.closing:
		if !c.lingers(s) {
			c.drain(s, Leaving, "")
		}
	case !s.served:
		c.drain(s, NotServed, "")
	case !c.wanted(s.layout):
		c.changeLayout(s)
	default:
		c.move(s)
	}
	if s.phase == Owning {
		c.check(s)
	}
}

// lingers says whether a leaving replica's reconciler goes on for a moment: until the
// others know, a kind without one would only wait for them to.
func (c *Core) lingers(s *shard) bool {
	failed := c.self.failed && c.self.sentMember.Phase == lease.Draining
	return s.reconcilerUp && !c.deposed && !failed && !c.announced() && !c.waitedTo(c.config.DrainTimeout/2)
}

// announced says whether a leaving replica has told the others, or has tried to for a
// retry period.
func (c *Core) announced() bool {
	return c.self.acked == lease.Draining || c.waitedTo(c.config.Timing.RetryPeriod)
}

// waitedTo says whether a leaving replica was told so at least a time ago.
func (c *Core) waitedTo(after time.Duration) bool { return c.due(c.closedAt.Add(after)) }

// drain stops the reconciler. The elector goes on renewing until the reconciler
// has returned, unless it has given up or the Lease is lost.
func (c *Core) drain(s *shard, reason Reason, to string) {
	if s.phase != Owning {
		return
	}
	s.phase, s.drainBy = Draining, c.now.Add(c.config.DrainTimeout)
	if c.closing {
		// The process has only so long. Half of it is left in any case: one that stood
		// still for a while could not tell its reconcilers earlier.
		half := c.now.Add(c.config.DrainTimeout / 2)
		if s.drainBy = c.closedAt.Add(c.config.DrainTimeout); s.drainBy.Before(half) {
			s.drainBy = half
		}
	}
	if s.reconcilerUp {
		c.do(StopReconciler{Term: s.term, Reason: reason, To: to})
	}
}

// lose ends a term whose Lease is not ours any more.
func (c *Core) lose(s *shard, reason Reason) {
	if !s.hasTerm() || s.lost {
		return
	}
	s.lost = true
	c.fence(s, c.now, reason)
	c.drain(s, reason, "")
	c.stopElector(s)
}

// lockLost: a read by the elector showed that the term is over, or, before there
// was one, that the Lease which it campaigned for is gone.
func (c *Core) lockLost(s *shard, reason Reason) {
	if s.phase == Campaigning {
		// The watch has not told of that yet, so without a pause the next campaign
		// would end in the same way at once.
		s.campaignWait = c.now.Add(c.config.Timing.RetryPeriod)
		c.stopElector(s)
		return
	}
	c.lose(s, reason)
}

// fence ends the right to write, which otherwise goes on through the drain. It
// comes before StopReconciler, so that a write under way is told why.
func (c *Core) fence(s *shard, until time.Time, reason Reason) {
	if s.reconcilerUp {
		c.do(Fence{Term: s.term, Until: until, Reason: reason})
	}
}

func (c *Core) advanceDrain(s *shard) {
	if s.releasing {
		return
	}
	if s.reconcilerUp {
		c.watchStuck(s)
		return
	}
	if s.electorUp {
		c.stopElector(s)
		return
	}
	if s.lost {
		c.standBy(s)
		return
	}
	// Those who take over plan by the announcement that this replica leaves, so it
	// must not come after the releases.
	if c.closing && !c.announced() {
		return
	}
	c.release(s, s.term, Drained)
}

// watchStuck reports a reconciler that had to return and has not: once.
func (c *Core) watchStuck(s *shard) {
	if s.stuck {
		return
	}
	late, overdue := c.due(s.safeUntil), c.due(s.drainBy)
	switch {
	case late:
		s.stuck = true
		c.do(Stuck{Term: s.term, Reason: StuckSafeUntil})
	case overdue:
		s.stuck = true
		c.do(Stuck{Term: s.term, Reason: StuckDraining})
	}
	if s.stuck {
		c.stopElector(s)
		c.planStale = true
	}
}

// returned: the reconciler has ended, because it was told to or by itself.
func (c *Core) returned(s *shard) {
	if !s.reconcilerUp {
		return
	}
	s.reconcilerUp, s.stuck = false, false
	if s.phase == Owning {
		if c.now.Sub(s.startedAt) >= lastBackoff {
			s.failures = 0
		}
		s.failures++
		s.retryAt = c.now.Add(backoff(firstBackoff, lastBackoff, s.failures))
		c.drain(s, ReconcilerEnded, "")
	}
	c.planStale = true
}

func (c *Core) release(s *shard, term lease.Term, reason Reason) {
	s.releasing = true
	moves := 0
	if seen := c.leases[s.lease]; seen != nil {
		moves = seen.Moves
	}
	if reason == Drained {
		if !c.rolling || c.now.Sub(s.startedAt) >= lately {
			moves = 0 // what counts is how often one rollout has moved it
		}
		moves++
	}
	c.do(Release{Term: term, Reason: reason, Moves: moves})
}

func (c *Core) released(s *shard, e Released) {
	if !s.releasing {
		return
	}
	s.releasing = false
	if e.OK {
		s.campaigned = false
		if e.Now == nil {
			delete(c.leases, s.lease)
		} else {
			c.learn(s, *e.Now, e.Now.Version)
		}
	}
	s.releaseWait = c.now.Add(c.config.Timing.RetryPeriod)
	if e.OK {
		s.releaseBy = zeroTime
	} else if s.releaseBy.IsZero() {
		s.releaseBy = c.now.Add(2 * s.timing.RequestTimeout())
	}
	c.standBy(s)
}

func (c *Core) standBy(s *shard) {
	s.phase = Standby
	s.vacantSince = zeroTime
	c.planStale = true
}
