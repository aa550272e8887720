package elect

import (
	"time"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// Phase is where a shard is in its life on this replica.
type Phase int

const (
	// Standby: no elector runs, or it has been told to end.
	Standby Phase = iota
	// Campaigning: an elector runs and has not won.
	Campaigning
	// Owning: the Lease is ours and the reconciler runs.
	Owning
	// Draining: the reconciler has been told to stop; release follows.
	Draining
)

func (p Phase) String() string {
	return [...]string{"Standby", "Campaigning", "Owning", "Draining"}[p]
}

// shard is the state of one shard on this replica.
type shard struct {
	id  lease.Shard
	key string
	shardName
	given        string // the Lease's name, if it was given
	weight       int64
	learn        bool
	group        string
	timing       lease.Timing
	served       bool
	phase        Phase
	electorUp    bool      // Invariant: true from StartCampaign to ElectorEnded
	stopping     bool      // StopElector has been sent to the elector that is up
	campaigned   bool      // a write of ours may be in the Lease
	releasing    bool      // Invariant: no reconciler and no elector while true
	campaignWait time.Time // no campaign before then
	releaseWait  time.Time
	releaseBy    time.Time // until when a leaving replica tries again to release
	unanswered   bool      // the last campaign ended with a write that has no answer
	answerBy     time.Time // until when a leaving replica waits for that

	// What follows means something while Owning and Draining.

	term         lease.Term
	version      string    // the newest state of the Lease known to be within term
	safeUntil    time.Time // Invariant: renewBy is before it
	shortened    string    // the newest state in which somebody had shortened the duration
	renewBy      time.Time
	startedAt    time.Time
	reconcilerUp bool // Invariant: true from StartReconciler to Returned
	lost         bool // the Lease is not ours any more: there is nothing to release
	drainBy      time.Time
	stuck        bool

	// unchecked says that the term must not begin, or go on without being looked at,
	// before the answer to a Check; checking that one is under way, checkWait when the
	// next may be asked for (layout.go). keepUntil is until when the shard stays although
	// another layout is to be.
	unchecked, checking  bool
	checks               int // the number of the last Check
	checkWait, keepUntil time.Time

	// vacantSince is when the Lease was first judged free; zero while it is held.
	vacantSince time.Time

	// failures counts terms that the reconciler ended by itself; until retryAt the
	// shard is not offered.
	failures int
	retryAt  time.Time

	// busy is how many workers the shard keeps busy, smoothed, and measured how much
	// time of this term that is from.
	busy     float64
	measured time.Duration

	// handedTo is the replica that the shard was last moved to and handoffs how
	// often in a row that replica did not take it.
	handedTo   string
	handoffs   int
	handoffNot time.Time
}

// Owned returns how many shards this replica has a term of.
func (c *Core) Owned() int {
	n := 0
	for _, s := range c.shards {
		if s.hasTerm() {
			n++
		}
	}
	return n
}

// offered says whether this replica offers to run the shard.
func (c *Core) offered(s *shard) bool {
	return s.served && !s.stuck && c.due(s.retryAt)
}

func (c *Core) serves(s *shard, ok bool) {
	s.served = ok
	c.planStale = true
}

// advance moves one shard as far as it can go without a new event.
func (c *Core) advance(s *shard) {
	switch s.phase {
	case Standby:
		c.advanceStandby(s)
	case Campaigning:
		c.advanceCampaign(s)
	case Owning:
		c.advanceOwner(s)
		if s.phase == Draining {
			c.advanceDrain(s)
		}
	case Draining:
		c.advanceDrain(s)
	}
}
