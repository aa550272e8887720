package elect

import (
	"time"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// A kind is served whole or in n buckets: its layout. Owners under two layouts would
// share objects although their Leases differ, so here is what keeps them apart while
// a kind goes from one layout to another.
//
// Two rules keep it safe. Nobody campaigns while a Lease of another layout of the
// kind is held, as far as the watch has told; one whose time has run out is freed
// first (Evict), so that its holder cannot renew it any more. And after it has
// written its own name, and before its reconciler starts, a replica reads all Leases
// of the kind as they are (Check): if another layout has a holder, it gives up. Of
// two replicas that do so at once, the one that wrote later reads the other's name.
// The owner of a whole kind spares itself the read unless the kind was split at some
// time: whoever takes a bucket makes sure that the whole kind's Lease says so before
// it reads (lease.AnnotationSplit), and to write that it has to have seen the Lease's
// latest holder.
//
// Which layout is to be is a matter of the plan, advice as everything there is: that
// in use, until more ready replicas serve another one.

// layout is a way to split a kind, by the name of the Lease of the whole kind.
type layout struct {
	kind string
	of   int
}

// shardName is what the name of a shard's Lease says; lease is empty for a shard that
// cannot have one.
type shardName struct {
	lease string
	layout
}

// nameOf returns what the shard's Lease is called: given, if it is not empty.
func nameOf(id lease.Shard, component, given string) shardName {
	n := shardName{lease: given}
	if given == "" {
		n.lease, _ = id.Name(component)
	}
	n.kind, _, n.of = lease.SplitName(n.lease)
	return n
}

// knowBucket remembers that there is or was a Lease of that name, if it is a bucket's.
func (c *Core) knowBucket(name string) {
	kind, _, of := lease.SplitName(name)
	if of == 0 {
		return
	}
	if c.buckets[kind] == nil {
		c.buckets[kind] = map[string]bool{}
	}
	c.buckets[kind][name] = true
}

// otherLayouts returns the names of the Leases of the shard's kind that are of another
// layout, as far as they are known.
func (c *Core) otherLayouts(s *shard) []string {
	var names []string
	if s.of > 0 {
		names = append(names, s.kind)
	}
	if len(c.buckets[s.kind]) == 0 {
		return names
	}
	for _, name := range sortedKeys(c.buckets[s.kind]) {
		if _, _, of := lease.SplitName(name); of != s.of {
			names = append(names, name)
		}
	}
	return names
}

// otherLayoutHeld says whether somebody may own objects of the shard under another
// layout. Leases whose holder's time has run out are in expired.
func (c *Core) otherLayoutHeld(s *shard) (held bool, expired []string) {
	for _, name := range c.otherLayouts(s) {
		if seen := c.leases[name]; seen != nil {
			switch c.judged(seen) {
			case lease.Held:
				held = true
				c.wakeAt(lease.ExpiresAt(seen, c.config.Timing.LeaseDuration)) // as judged
			case lease.Expired:
				expired = append(expired, name)
			}
		}
		if c.haunts(c.ghosts[name], s.timing.LeaseDuration) {
			held = true
		}
	}
	return held, expired
}

// eviction is a state of a Lease that was asked to be freed, and when.
type eviction struct {
	version string
	at      time.Time
}

// evict frees Leases of other layouts whose holders' time has run out.
func (c *Core) evict(s *shard, expired []string) {
	for _, name := range expired {
		seen := c.leases[name]
		last := c.evictions[name]
		if last.version == seen.Version && !c.due(last.at.Add(s.timing.RetryPeriod)) {
			continue
		}
		c.evictions[name] = eviction{seen.Version, c.now}
		c.do(Evict{Lease: name, UID: seen.UID, Version: seen.Version})
	}
}

// check asks who holds the other Leases of the kind, now that this one is written.
func (c *Core) check(s *shard) {
	if !s.unchecked || s.checking || !c.due(s.checkWait) {
		return
	}
	s.checking = true
	s.checks++
	c.do(Check{Term: s.term, Number: s.checks})
}

// checked begins the term if no other layout has an owner.
func (c *Core) checked(s *shard, e Checked) {
	if !s.unchecked || s.term != e.Term || s.checks != e.Number {
		return // the term is over already, or something has happened since
	}
	s.checking = false
	if !e.OK {
		s.checkWait = c.now.Add(s.timing.RetryPeriod)
		return
	}
	for _, name := range sortedKeys(e.Leases) {
		if !lease.Newer(e.Leases[name].Version, c.deleted[name]) {
			continue // the watch was faster, and will not tell again
		}
		c.ownerSeen(lease.Event{Kind: lease.OwnerSeen, Name: name, Version: e.Leases[name].Version, Record: e.Leases[name]})
	}
	if _, found := e.Leases[s.lease]; !found {
		c.lose(s, LeaseDeleted)
	}
	if s.phase != Owning {
		return // the answer, or something before it, has ended the term
	}
	if held, expired := c.otherLayoutHeld(s); held || len(expired) > 0 {
		c.intrude(s)
		return
	}
	s.unchecked = false
	c.begin(s)
}

// begin starts the reconciler of a term.
func (c *Core) begin(s *shard) {
	if s.reconcilerUp || !c.now.Before(s.renewBy) {
		return // advanceOwner ends it
	}
	s.reconcilerUp = true
	c.do(StartReconciler{Term: s.term})
}

// intruded ends the terms of the other layouts of a kind when a Lease of it has got a
// holder. It should not happen: the holder does not keep to the rules above, or gives
// up in a moment.
func (c *Core) intruded(name string, r lease.Record) {
	kind, _, of := lease.SplitName(name)
	if r.Holder == "" || of == 0 && len(c.buckets[kind]) == 0 {
		return
	}
	for _, s := range c.shards {
		if s.kind == kind && s.of != of {
			c.intrude(s)
		}
	}
}

func (c *Core) intrude(s *shard) {
	if s.hasTerm() {
		c.fence(s, c.now, OtherLayout)
		c.drain(s, OtherLayout, "")
	}
}

// unmarked makes the owners of buckets check again when the Lease of the whole kind is
// gone, and with it the mark that keeps owners of the whole kind apart from them.
func (c *Core) unmarked(name string) {
	for _, s := range c.shards {
		if s.kind == name && s.of > 0 && s.phase == Owning {
			s.unchecked, s.checking, s.checkWait = true, false, zeroTime
		}
	}
}

// collectBuckets deletes the free Leases of buckets that nobody serves any more. One
// owner does it.
func (c *Core) collectBuckets() {
	if len(c.buckets) == 0 {
		return
	}
	for _, s := range c.shards {
		if s.phase == Owning && s.reconcilerUp && s.id.Bucket == 0 {
			c.collectOthers(s)
		}
	}
}

func (c *Core) collectOthers(s *shard) {
	for _, name := range c.otherLayouts(s) {
		seen := c.leases[name]
		_, _, of := lease.SplitName(name)
		if of == 0 || seen == nil || seen.Holder != "" || c.servedLayouts[layout{s.kind, of}] {
			continue
		}
		if tried, again := c.collected[name]; again && !c.due(tried.Add(collectAfter*c.config.Timing.LeaseDuration)) {
			continue
		}
		c.collected[name] = c.now
		c.do(Collect{Lease: name, UID: seen.UID, Version: seen.Version})
	}
}
