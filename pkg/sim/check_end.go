package sim

import (
	"slices"
	"time"

	"github.com/kindred-k8s/kindred/pkg/assign"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// watchOwners: I5. From now on no shard that somebody can run is without an owner
// for long.
func (c *checker) watchOwners() {
	w := c.w
	var look func()
	look = func() {
		if w.finale {
			return
		}
		for i := range c.shards {
			s := &c.shards[i]
			since := max(s.vacantSince, w.plan.quietAt, w.plan.appears[i]+30*time.Second)
			if s.vacant && w.now-since > w.plan.ownerless && c.servable(i) {
				w.fail("I5", nil, "%s has been without an owner for %v since the faults stopped", s.name, w.now-since)
			}
		}
		w.after(time.Second, look)
	}
	look()
}

// replicas returns the processes of Kindred that are alive.
func (c *checker) replicas() []*process {
	var all []*process
	for _, p := range c.w.procs {
		if p.alive && p.core != nil {
			all = append(all, p)
		}
	}
	return all
}

// servable says whether some replica could run the shard, and no person has made
// its Lease last for an hour.
func (c *checker) servable(i int) bool {
	if c.shards[i].hourly {
		return false
	}
	for _, p := range c.replicas() {
		if p.has(i) {
			return true
		}
	}
	return false
}

// has says whether the process has a reconciler for the shard.
func (p *process) has(i int) bool {
	return slices.ContainsFunc(p.kinds, func(k *kind) bool { return k.index == i })
}

// settled: I6, at the end of a time in which nothing was to move. Everything is
// owned, and the plan made from what is true is the state that is.
func (c *checker) settled() {
	w := c.w
	input := assign.Input{}
	loads := map[string]int{}
	for _, p := range c.replicas() {
		// One whose processes have crashed in a row is not trusted for a while.
		r := assign.Replica{Name: p.identity, Capacity: 1, Ready: p.core != nil && p.member.Phase == lease.Ready}
		for _, k := range p.kinds {
			if k.served {
				r.Serves = append(r.Serves, k.shard.String())
			}
		}
		input.Replicas = append(input.Replicas, r)
		loads[p.identity] = 0
	}
	even := w.plan.equalWeights()
	for _, p := range c.replicas() {
		even = even && len(p.kinds) == len(w.shards) && p.member.Phase == lease.Ready
	}
	foreign := false
	for i, s := range w.shards {
		if len(w.running[i]) > 1 {
			w.fail("I1", nil, "%d reconcilers of %s run in the end", len(w.running[i]), s)
			return
		}
		if len(w.running[i]) == 0 {
			if c.servable(i) {
				w.fail("I5", nil, "%s has no owner in the end", s)
				return
			}
			foreign = true
			continue
		}
		owner := w.running[i][0].p
		if o := w.store.objects[c.shards[i].name]; o == nil || o.holder != owner.identity {
			w.fail("I1", owner, "works on %s in the end, and its Lease says otherwise", s)
		}
		loads[owner.identity]++
		foreign = foreign || owner.core == nil
		input.Shards = append(input.Shards, assign.Shard{Name: s.String(), Weight: w.plan.weights[i], Owner: owner.identity})
	}
	revisions := map[int]bool{}
	for _, p := range c.replicas() {
		revisions[p.pod.revision] = true
	}
	if len(revisions) > 1 {
		return // a rollout that was left half done is at rest as it is
	}
	if foreign {
		return // what a plain elector owns is not for the plan to move
	}
	for _, d := range assign.Plan(input).Decisions {
		if d.Changes() && !c.restless(d.Shard) {
			w.fail("I6", nil, "in the end %s is to go from %s to %s: %s", d.Shard, d.From, d.Owner, d.Reason)
		}
	}
	for _, s := range w.shards {
		even = even && !c.restless(s.String())
	}
	if even {
		c.balanced(loads)
	}
}

// restless says whether a rollout has moved the shard twice: then it stays for a
// while, also where it is not balanced.
func (c *checker) restless(shard string) bool {
	name, _ := lease.ParseShard(shard).Name(component)
	o := c.w.store.objects[name]
	return c.w.revision > 0 && o != nil && o.moves > 1
}

func (c *checker) balanced(loads map[string]int) {
	least, most := len(c.w.shards), 0
	for _, n := range loads {
		least, most = min(least, n), max(most, n)
	}
	if most-least > 1 {
		c.w.fail("balance", nil, "in the end the replicas own %s", counts(loads))
	}
}

// over: every replica has left in order.
func (c *checker) over() {
	w := c.w
	for _, p := range c.replicas() {
		w.fail("liveness", p, "has not left %v after it was told to, and nothing disturbed it", w.now-w.plan.endAt)
	}
	for i := range c.shards {
		o := w.store.objects[c.shards[i].name]
		if o != nil && o.holder != "" && c.ofReplica(o.holder) && !c.shards[i].hourly {
			w.fail("liveness", nil, "%s still names %s, which has left", o.name, o.holder)
		}
	}
}

// ofReplica says whether an identity is that of a replica which was there until
// the end.
func (c *checker) ofReplica(identity string) bool {
	for _, p := range c.w.procs {
		if p.identity == identity && p.core != nil && p.last {
			return true
		}
	}
	return false
}
