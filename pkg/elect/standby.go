package elect

import (
	"time"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// advanceStandby starts a campaign for a Lease that is free and ours to take.
func (c *Core) advanceStandby(s *shard) {
	if s.releasing {
		return
	}
	seen := c.leases[s.lease]
	state := c.judged(seen)
	if c.haunted(s) {
		s.vacantSince = zeroTime
		return
	}
	if state == lease.Held {
		s.vacantSince = zeroTime
		c.wakeAt(lease.ExpiresAt(seen, c.config.Timing.LeaseDuration)) // as judged
		c.releaseLeftOver(s, seen)
		return
	}
	held, expired := c.otherLayoutHeld(s)
	if held {
		s.vacantSince = zeroTime
		return
	}
	if s.vacantSince.IsZero() {
		s.vacantSince = c.now
	}
	if c.closing || !c.synced || c.self.acked == "" || !c.offered(s) || !c.due(s.campaignWait) {
		return
	}
	reason, grace := GraceOver, c.config.Grace()
	if !c.wanted(s.layout) {
		grace += s.timing.LeaseDuration // nobody has taken the kind in the layout that is to be
	}
	if planned, _ := c.plan.For(s.key); planned.Owner == c.config.Identity {
		reason = Planned
	} else if !c.due(s.vacantSince.Add(grace)) {
		return
	}
	if len(expired) > 0 {
		c.evict(s, expired) // the watch will tell
		return
	}
	c.campaign(s, seen, state, reason)
}

// haunted says whether the Lease was deleted while another replica held it, and
// that replica may still be at work. The former holder itself makes the Lease
// anew as soon as its reconciler has returned.
func (c *Core) haunted(s *shard) bool {
	return c.haunts(c.ghosts[s.lease], s.timing.LeaseDuration)
}

func (c *Core) haunts(ghost *lease.Observation, fallback time.Duration) bool {
	if ghost == nil || ghost.Holder == c.config.Identity || c.ended[ghost.Holder] {
		return false
	}
	return !c.due(lease.ExpiresAt(ghost, fallback))
}

// releaseLeftOver frees a Lease that names this replica although it has no
// term. That is so when the answer to an acquiring or a releasing write was
// lost. No reconciler runs in Standby, so I2 holds.
func (c *Core) releaseLeftOver(s *shard, seen *lease.Observation) {
	if seen.Holder != c.config.Identity || !s.campaigned || !c.due(s.releaseWait) {
		return
	}
	c.release(s, lease.Term{
		Shard: s.id, Lease: s.lease, Holder: seen.Holder,
		UID: seen.UID, Transitions: seen.Transitions,
	}, LeftOver)
}

// owesRelease says whether a leaving replica should stay to release a Lease that
// still names it: the first try failed, and a later one may not. Everybody else
// would have to wait until the Lease expires.
func (c *Core) owesRelease(s *shard) bool {
	seen := c.leases[s.lease]
	return s.campaigned && seen != nil && seen.Holder == c.config.Identity &&
		c.judged(seen) == lease.Held && !c.due(s.releaseBy)
}

// awaitsAnswer says whether a leaving replica should stay because a write of its
// last campaign has no answer. Once the watch has told a newer state than the one
// that was written over, it shows what became of the write.
func (c *Core) awaitsAnswer(s *shard) bool {
	seen := c.leases[s.lease]
	known := seen != nil && lease.Newer(seen.Version, s.version)
	return s.unanswered && !known && !c.due(s.answerBy)
}

func (c *Core) campaign(s *shard, seen *lease.Observation, state lease.State, reason Reason) {
	s.phase, s.electorUp, s.stopping, s.campaigned = Campaigning, true, false, true
	action := StartCampaign{Shard: s.id, Expired: state == lease.Expired, Reason: reason}
	if seen != nil {
		record := seen.Record
		action.Seen = &record
	}
	s.version = ""
	if seen != nil {
		s.version = seen.Version
	}
	c.do(action)
}

// advanceCampaign calls a campaign off when it has lost its purpose.
func (c *Core) advanceCampaign(s *shard) {
	seen := c.leases[s.lease]
	taken := seen != nil && seen.Holder != c.config.Identity &&
		lease.Newer(seen.Version, s.version) &&
		c.judged(seen) == lease.Held
	if held, _ := c.otherLayoutHeld(s); taken || held || c.closing || !s.served {
		c.stopElector(s)
	}
}

func (c *Core) stopElector(s *shard) {
	if s.electorUp && !s.stopping {
		s.stopping = true
		c.do(StopElector{Shard: s.id})
	}
}

// acquired begins a term.
func (c *Core) acquired(s *shard, e Acquired) {
	s.term, s.version, s.shortened = e.Term, e.Version, ""
	s.safeUntil = s.timing.SafeUntil(e.SentAt)
	s.renewBy = e.SentAt.Add(s.timing.RenewDeadline)
	s.lost, s.stuck = false, false
	s.phase, s.drainBy = Draining, c.now.Add(c.config.DrainTimeout)
	s.startedAt, s.vacantSince = c.now, zeroTime
	s.busy, s.measured = 0, 0
	s.unchecked, s.checking = false, false
	s.checkWait, s.keepUntil = zeroTime, zeroTime
	now := lease.Record{
		UID: e.Term.UID, Version: e.Version, Holder: e.Term.Holder,
		Duration: s.timing.LeaseDuration, Transitions: e.Term.Transitions,
	}
	advised := ""
	if seen := c.leases[s.lease]; seen != nil && seen.UID == now.UID {
		now.Moves, now.MoveTo, now.Paused, advised = seen.Moves, seen.MoveTo, seen.Paused, seen.Advised
	}
	c.learn(s, now, advised)
	switch seen := c.leases[s.lease]; { // the watch may have been faster than the answer
	case seen == nil:
		c.lose(s, LeaseDeleted)
	case lease.Newer(seen.Version, e.Version):
		c.checkTerm(s, seen.Record)
	}
	// A term that is over before it began, or that nobody wants any more, goes
	// straight to its release.
	if s.lost || s.stopping || c.closing || !s.served || !c.now.Before(s.renewBy) {
		return
	}
	s.phase = Owning
	if s.handoffs > 0 {
		s.handoffNot = c.now.Add(backoff(2*c.config.RebalanceDelay, lastHandoffPause, s.handoffs))
	}
	if !c.wanted(s.layout) {
		s.keepUntil = c.now.Add(lastHandoffPause)
	}
	if s.unchecked = s.of > 0 || e.Split || len(c.buckets[s.kind]) > 0; !s.unchecked {
		c.begin(s)
	}
}

// learn records what the Lease says after a write of our own, ahead of the
// watch, unless the watch has already told of a newer state or of the Lease's end. Its
// annotations are those of the version advised.
func (c *Core) learn(s *shard, r lease.Record, advised string) {
	seen, known := c.leases[s.lease], c.deleted[s.lease]
	if seen != nil {
		known = seen.Version
	}
	if lease.Newer(r.Version, known) {
		c.leases[s.lease] = &lease.Observation{Record: r, Since: c.now, Advised: advised}
		c.knowBucket(s.lease)
		delete(c.ghosts, s.lease)
	}
	c.planStale = true
}

// electorEnded: client-go's Run has returned. While owning that means that it
// gave up renewing.
func (c *Core) electorEnded(s *shard, e ElectorEnded) {
	s.electorUp, s.stopping, s.unanswered = false, false, e.Unanswered
	s.answerBy = c.now.Add(s.timing.RequestTimeout())
	switch s.phase {
	case Campaigning:
		s.phase = Standby
	case Owning:
		c.drain(s, RenewFailed, "")
	}
}
