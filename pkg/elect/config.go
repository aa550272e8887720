package elect

import (
	"time"

	"github.com/kindred-k8s/kindred/pkg/assign"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// Config is what a replica's core needs to know. The caller validates it.
type Config struct {
	// Identity and Instance are published in the member Lease; Identity is the
	// holderIdentity of every Lease that this replica owns.
	Identity, Instance string
	Capacity           int64
	// Revision is the version of the program, empty when not known.
	Revision string
	// PodUID and Container say where the process runs, empty when not known: with a
	// UID, an earlier process of the same container is known to have ended.
	PodUID, Container string
	// Started is when the process was started, by the clock of its node.
	Started time.Time
	// Component is the first part of every Lease's name.
	Component string
	// Shards are what this replica has reconcilers for.
	Shards []ShardConfig

	Timing lease.Timing
	// RebalanceDelay is how long membership must hold still before an owned shard
	// is moved to even out the split.
	RebalanceDelay time.Duration
	// DrainTimeout is how long a reconciler may take to return.
	DrainTimeout time.Duration
	// MaxMoving bounds how many shards of the component may be on their way from one
	// live replica to another at once, MaxMovingHere how many of this replica's. Zero
	// is no bound.
	MaxMoving, MaxMovingHere int
	// Plan computes plans; nil for assign.Plan. A simulation of many replicas computes
	// once what all of them would: the plan depends on its input alone. The result is
	// the core's own from then on.
	Plan func(assign.Input) assign.Result
}

func (c Config) planner() func(assign.Input) assign.Result {
	if c.Plan != nil {
		return c.Plan
	}
	return assign.Plan
}

// ShardConfig is one shard and what the plan needs to know of it.
type ShardConfig struct {
	Shard lease.Shard
	// Lease is the name of the shard's Lease; empty for the one that Shard.Name makes.
	Lease  string
	Weight int64
	// Learn says that the weight is what owners have measured (load.go); Weight is for
	// as long as there is no measurement.
	Learn bool
	// Group names the shards that must be with one owner; empty for none.
	Group string
	// Timing is the timing of the shard's Lease; zero for the component's.
	Timing lease.Timing
}

// Grace is how long a vacant shard is left to its planned owner before anyone
// may take it: one RetryPeriod. client-go's elector tries again 1 to 2.2 retry
// periods after a request that failed, so such a planned owner can lose the shard
// to somebody else. That costs one more move; a longer grace would cost
// availability whenever the planned owner has died.
func (c Config) Grace() time.Duration { return c.Timing.RetryPeriod }

const (
	// firstBackoff and lastBackoff bound the pause before a replica takes part
	// again in the election of a kind whose reconciler ended by itself. It doubles
	// with each failure and starts again after a term that lasted lastBackoff.
	firstBackoff = time.Second
	lastBackoff  = time.Minute
	// lastHandoffPause bounds the pause before a shard is handed again to a
	// replica that did not take it the last time.
	lastHandoffPause = 5 * time.Minute
	// lately is how long a term must last for the shard not to count as moved lately,
	// and a process for the crashes before it to be forgotten.
	lately = 10 * time.Minute
	// firstDistrust and lastDistrust bound how long a process is given nothing after
	// two or more before it have crashed in a row.
	firstDistrust = 10 * time.Second
	lastDistrust  = 5 * time.Minute
	// rolloutOver is how long membership must hold still for replicas of two
	// revisions to be no rollout any more, but a fleet of two versions.
	rolloutOver = 10 * time.Minute
	// collectAfter is how many lease durations after its end of life a member
	// Lease that nobody owns is deleted.
	collectAfter = 4
)

// backoff returns the pause after n consecutive failures: first, twice first,
// and so on up to last.
func backoff(first, last time.Duration, n int) time.Duration {
	pause := first
	for ; n > 1 && pause < last; n-- {
		pause *= 2
	}
	return min(pause, last)
}
