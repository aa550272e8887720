package elect

import "github.com/kindred-k8s/kindred/pkg/lease"

// What an observer may ask between two steps. None of it changes anything.

// HasTerm says whether this replica has a term of the shard, one that ends included.
func (c *Core) HasTerm(shard lease.Shard) bool {
	s := c.byShard[shard]
	return s != nil && s.hasTerm()
}

// Planned returns the replica that the plan gives the shard to; empty for nobody.
func (c *Core) Planned(shard lease.Shard) string {
	d, _ := c.plan.For(shard.String())
	return d.Owner
}

// Elsewhere returns how many shards of the component have an owner and are given to
// another replica by the plan.
func (c *Core) Elsewhere() int {
	n := 0
	for _, d := range c.plan.Decisions {
		if d.From != "" && d.Owner != "" && d.Changes() {
			n++
		}
	}
	return n
}
