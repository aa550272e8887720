package elect

import (
	"maps"
	"slices"
	"time"

	"github.com/kindred-k8s/kindred/pkg/assign"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// replan computes who should own what from everything seen so far. The plan is
// advice: it decides who campaigns first and who hands over, never who owns.
func (c *Core) replan() {
	c.planStale = false
	c.judgeAt = time.Time{}
	input := assign.Input{Replicas: c.planReplicas()}
	input.Shards = c.planShards(input.Replicas)
	c.plan = assign.Plan(input)

	membership := make([]presentMember, len(input.Replicas))
	for i, r := range input.Replicas {
		membership[i] = presentMember{r.Name, r.Capacity, r.Draining}
	}
	if !slices.Equal(membership, c.membership) {
		c.membership, c.steadySince = membership, c.now
	}
}

// presentMember is what has to hold still before shards are moved for balance.
// What a member serves is not part of it: one kind that comes and goes would keep
// all others from their places.
type presentMember struct {
	name     string
	capacity int64
	draining bool
}

// leaseName returns the name of a shard's Lease, or "" for a shard that cannot
// have one.
func (c *Core) leaseName(key string) string {
	name, known := c.leaseNames[key]
	if !known {
		name, _ = lease.ParseShard(key).Name(c.config.Component)
		c.leaseNames[key] = name
	}
	return name
}

// planReplicas returns the replicas that are alive, this one among them.
func (c *Core) planReplicas() []assign.Replica {
	fallback := c.config.Timing.LeaseDuration
	suspects := c.suspects()
	var replicas []assign.Replica
	for _, name := range sortedKeys(c.members) {
		m := c.members[name]
		if m.Identity == c.config.Identity || !m.Alive(fallback, c.now) {
			continue
		}
		c.judgeBy(m.ExpiresAt(fallback))
		replicas = append(replicas, replicaOf(m.Member, m.Phase == lease.Ready && !suspects[m.Identity]))
	}
	self := replicaOf(c.member(), c.self.joined() && !c.closing && !c.blind())
	return append(replicas, self)
}

func replicaOf(m lease.Member, ready bool) assign.Replica {
	r := assign.Replica{
		Name: m.Identity, Capacity: m.Capacity,
		Ready: ready, Draining: m.Phase == lease.Draining,
	}
	for _, served := range m.Serves {
		r.Serves = append(r.Serves, served.Shard)
	}
	return r
}

// suspects are the replicas that let a Lease expire and have not been heard of
// since. They have most likely crashed, and giving them the shard again would
// make everyone wait for the grace period.
func (c *Core) suspects() map[string]bool {
	fallback := c.config.Timing.LeaseDuration
	suspects := map[string]bool{}
	for _, seen := range c.leases {
		if lease.Judge(seen, fallback, c.now) != lease.Expired {
			continue
		}
		for _, m := range c.members {
			if m.Identity == seen.Holder && m.Since.Before(lease.ExpiresAt(seen, fallback)) {
				suspects[m.Identity] = true
			}
		}
	}
	return suspects
}

// planShards returns the shards that this replica has reconcilers for and those
// that others say they serve, with their owners. A shard that others serve
// matters here too: it is part of their load.
func (c *Core) planShards(replicas []assign.Replica) []assign.Shard {
	weights := map[string]int64{}
	for _, s := range c.shards {
		weights[s.key] = s.weight
	}
	for _, m := range c.members {
		for _, served := range m.Serves {
			if m.Alive(c.config.Timing.LeaseDuration, c.now) {
				weights[served.Shard] = max(weights[served.Shard], served.Weight)
			}
		}
	}
	var shards []assign.Shard
	for _, key := range sortedKeys(weights) {
		name := c.leaseName(key)
		if name == "" {
			continue // a member Lease written by hand: nobody can own such a shard
		}
		shards = append(shards, assign.Shard{Name: key, Weight: weights[key], Owner: c.ownerOf(key, name)})
	}
	return shards
}

func (c *Core) ownerOf(key, name string) string {
	s := c.byShard[lease.ParseShard(key)]
	if s != nil && s.hasTerm() && !s.lost && !s.releasing {
		return c.config.Identity
	}
	seen := c.leases[name]
	if s != nil && s.releasing && seen != nil && seen.Holder == c.config.Identity {
		return "" // to give it to somebody else costs nothing any more
	}
	if seen == nil {
		seen = c.ghosts[name]
	}
	if lease.Judge(seen, c.config.Timing.LeaseDuration, c.now) != lease.Held {
		return ""
	}
	c.judgeBy(lease.ExpiresAt(seen, c.config.Timing.LeaseDuration))
	return seen.Holder
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
