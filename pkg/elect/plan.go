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
	c.planStale, c.plannedAt = false, c.now
	c.judgeAt = time.Time{}
	members := c.present()
	membership := make([]presentMember, len(members))
	replicas := make([]assign.Replica, len(members))
	for i, m := range members {
		membership[i] = presentMember{m.Identity, m.Capacity, m.Phase == lease.Draining}
		replicas[i] = c.replicaOf(m)
	}
	if !slices.Equal(membership, c.membership) {
		c.membership, c.steadySince = membership, c.now
	}
	c.chooseLayouts(members)
	shards := c.planShards(members)
	c.rollout(members, replicas, shards)
	c.carried.out = canBeCarriedOut(shards)
	c.plan = c.config.planner()(assign.Input{Replicas: replicas, Shards: shards})
}

// presentMember is what has to hold still before shards are moved for balance.
// What a member serves is not part of it: one kind that comes and goes would keep
// all others from their places.
type presentMember struct {
	name     string
	capacity int64
	draining bool
}

// leaseName returns what a shard's Lease is called. given is the name that those who
// serve it have given it, if any: it counts for shards that this replica does not serve.
func (c *Core) leaseName(key, given string) shardName {
	if given != "" && c.byShard[lease.ParseShard(key)] == nil && lease.ValidateName(c.config.Component, given) == nil {
		return nameOf(lease.ParseShard(key), c.config.Component, given)
	}
	name, known := c.leaseNames[key]
	if !known {
		name = nameOf(lease.ParseShard(key), c.config.Component, "")
		c.leaseNames[key] = name
		if name.lease != "" {
			c.shardKeys[name.lease] = key
		}
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

func (c *Core) replicaOf(m present) assign.Replica {
	return assign.Replica{
		Name: m.Identity, Capacity: m.Capacity, Serves: c.listOf(m.Serves).names,
		Ready: m.ready, Draining: m.Phase == lease.Draining,
	}
}

// planShards returns the shards that this replica has reconcilers for and those
// that others say they serve, with their owners. A shard that others serve
// matters here too: it is part of their load.
func (c *Core) planShards(members []present) []assign.Shard {
	said := make(map[string]lease.Served, len(c.shards))
	for _, s := range c.shards {
		said[s.key] = lease.Served{Shard: s.key, Weight: s.weight, Group: s.group}
	}
	heard := map[*lease.Served]bool{} // lists that many members share
	owners := make(map[string][]lease.Served, len(members))
	for _, m := range members {
		owners[m.Identity] = m.Serves
		if len(m.Serves) == 0 || heard[&m.Serves[0]] {
			continue
		}
		heard[&m.Serves[0]] = true
		for _, served := range m.Serves {
			one := said[served.Shard]
			if one.Weight >= served.Weight && (one.Group != "" || served.Group == "") && (one.Lease != "" || served.Lease == "") {
				continue
			}
			one.Weight = max(one.Weight, served.Weight)
			if one.Group == "" {
				one.Group = served.Group
			}
			if one.Lease == "" {
				one.Lease = served.Lease
			}
			said[served.Shard] = one
		}
	}
	c.sort(said)
	shards := make([]assign.Shard, 0, len(said))
	for i, key := range c.planned {
		named := c.leaseName(key, said[key].Lease)
		name := named.lease
		if name == "" || !c.wanted(named.layout) {
			continue // a member Lease written by hand: nobody can own such a shard; or nobody should
		}
		owner := c.ownerOf(key, name)
		s := assign.Shard{Name: key, Weight: weigh(key, owners[owner], said[key].Weight, i), Group: said[key].Group, Owner: owner}
		if seen := c.leases[name]; seen != nil {
			s.Moves = seen.Moves
			s.Pin = seen.Pin(s.Owner, candidates(key, members))
		}
		shards = append(shards, s)
	}
	return shards
}

// sort makes planned the keys of what is said, in order: mostly they are the same as
// the last time.
func (c *Core) sort(said map[string]lease.Served) {
	same := len(said) == len(c.planned)
	for i := 0; same && i < len(c.planned); i++ {
		_, same = said[c.planned[i]]
	}
	if !same {
		c.planned = sortedKeys(said)
	}
}

// weigh returns what the owner says that a shard weighs, and otherwise the most that
// anybody says: others may not have heard yet what the owner has measured. The shard
// is likely to be near at in the owner's list.
func weigh(key string, owners []lease.Served, most int64, at int) int64 {
	if at < len(owners) && owners[at].Shard == key {
		return owners[at].Weight
	}
	for _, served := range owners {
		if served.Shard == key {
			return served.Weight
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
	s := c.byKey[key]
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
