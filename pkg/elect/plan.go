package elect

import (
	"iter"
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
	members := c.present()
	membership := make([]presentMember, len(members))
	replicas := make([]assign.Replica, len(members))
	for i, m := range members {
		membership[i] = presentMember{m.Identity, m.Capacity, m.Phase == lease.Draining}
		replicas[i] = replicaOf(m)
	}
	if !slices.Equal(membership, c.membership) {
		c.membership, c.steadySince = membership, c.now
	}
	c.chooseLayouts(members)
	shards := c.planShards(members)
	c.rollout(members, replicas, shards)
	c.plan = assign.Plan(assign.Input{Replicas: replicas, Shards: shards})
}

// presentMember is what has to hold still before shards are moved for balance.
// What a member serves is not part of it: one kind that comes and goes would keep
// all others from their places.
type presentMember struct {
	name     string
	capacity int64
	draining bool
}

// leaseName returns what a shard's Lease is called.
func (c *Core) leaseName(key string) shardName {
	name, known := c.leaseNames[key]
	if !known {
		name = nameOf(lease.ParseShard(key), c.config.Component)
		c.leaseNames[key] = name
	}
	return name
}

// present returns the replicas that are alive, this one among them.
func (c *Core) present() []present {
	fallback := c.config.Timing.LeaseDuration
	suspects := c.suspects()
	var members []present
	for _, name := range sortedKeys(c.members) {
		m := c.members[name]
		if m.Identity == c.config.Identity || !m.Alive(fallback, c.now) || c.ended[m.Identity] {
			continue
		}
		c.judgeBy(m.ExpiresAt(fallback))
		member := m.Member
		if member.Phase == lease.Starting && len(member.Serves) == 0 {
			member.Serves = c.servedBefore(member)
		}
		members = append(members, present{member, m.Phase == lease.Ready && !suspects[m.Identity], m.JoinedAt()})
	}
	self := present{Member: c.member()}
	self.ready = c.self.joined() && self.Phase == lease.Ready
	for _, m := range c.members {
		if m.Identity == c.config.Identity {
			self.joined = m.JoinedAt()
		}
	}
	return append(members, self)
}

func replicaOf(m present) assign.Replica {
	r := assign.Replica{Name: m.Identity, Capacity: m.Capacity, Ready: m.ready, Draining: m.Phase == lease.Draining}
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
func (c *Core) planShards(members []present) []assign.Shard {
	said := map[string]lease.Served{}
	for _, s := range c.shards {
		said[s.key] = lease.Served{Shard: s.key, Weight: s.weight, Group: s.group}
	}
	for i, m := range members {
		if i > 0 && slices.Equal(m.Serves, members[i-1].Serves) {
			continue // the usual case, and there may be a thousand shards
		}
		for _, served := range m.Serves {
			one := said[served.Shard]
			one.Weight = max(one.Weight, served.Weight)
			if one.Group == "" {
				one.Group = served.Group
			}
			said[served.Shard] = one
		}
	}
	var shards []assign.Shard
	for _, key := range sortedKeys(said) {
		named := c.leaseName(key)
		name := named.lease
		if name == "" || !c.wanted(named.layout) {
			continue // a member Lease written by hand: nobody can own such a shard; or nobody should
		}
		owner := c.ownerOf(key, name)
		s := assign.Shard{Name: key, Weight: weigh(key, owner, said[key].Weight, members), Group: said[key].Group, Owner: owner}
		if seen := c.leases[name]; seen != nil {
			s.Moves = seen.Moves
			s.Pin = seen.Pin(s.Owner, candidates(key, members))
		}
		shards = append(shards, s)
	}
	return shards
}

// weigh returns what the owner says that a shard weighs, and otherwise the most that
// anybody says: others may not have heard yet what the owner has measured.
func weigh(key, owner string, most int64, members []present) int64 {
	for _, m := range members {
		if m.Identity != owner {
			continue
		}
		for _, served := range m.Serves {
			if served.Shard == key {
				return served.Weight
			}
		}
	}
	return most
}

// candidates are the replicas that somebody may have chosen for a shard.
func candidates(key string, members []present) iter.Seq[lease.Candidate] {
	return func(yield func(lease.Candidate) bool) {
		for _, m := range members {
			serves := slices.ContainsFunc(m.Serves, func(served lease.Served) bool { return served.Shard == key })
			if !yield(lease.Candidate{Identity: m.Identity, Started: m.Started, May: m.ready && serves}) {
				return
			}
		}
	}
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
	if c.ended[seen.Holder] {
		return c.successor(seen.Holder)
	}
	c.judgeBy(lease.ExpiresAt(seen, c.config.Timing.LeaseDuration))
	return seen.Holder
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
