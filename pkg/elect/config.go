package elect

import (
	"time"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// Config is what a replica's core needs to know. The caller validates it.
type Config struct {
	// Identity and Instance are published in the member Lease; Identity is the
	// holderIdentity of every Lease that this replica owns.
	Identity, Instance string
	Capacity           int64
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
}

// ShardConfig is one shard and what the plan needs to know of it.
type ShardConfig struct {
	Shard  lease.Shard
	Weight int64
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
