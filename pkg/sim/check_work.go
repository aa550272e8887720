package sim

import (
	"time"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// started: a reconciler begins a term.
func (c *checker) started(r *reconciler) {
	s := &c.shards[r.index]
	t := s.terms[r.term.Token()+" "+r.term.Holder]
	switch {
	case t == nil:
		c.w.fail("term", r.p, "begins term %s of %s, which the store does not know", r.term.Token(), s.name)
		return
	case t.started:
		c.w.fail("token", r.p, "begins term %s of %s a second time", r.term.Token(), s.name)
		return
	}
	t.started = true
	c.entitled(r.index)
	c.owned(r)
	c.watchStuck(r)
}

// owned measures the time that a shard was without an owner.
func (c *checker) owned(r *reconciler) {
	s := &c.shards[r.index]
	if !s.vacant {
		return
	}
	if c.w.day != nil {
		c.w.day.owned(r, s)
		s.vacant, s.hadOwner = false, true
		return
	}
	gap := c.w.now - max(s.vacantSince, c.staffedSince(r.index))
	s.vacant = false
	if s.hadOwner {
		c.w.stats.Handovers++
	}
	if c.w.quiet() {
		c.w.stats.LongestOwnerless = max(c.w.stats.LongestOwnerless, c.w.now-max(s.vacantSince, c.w.plan.quietAt))
	}
	if c.w.plan.calm && s.hadOwner {
		c.w.stats.CalmHandovers++
		if gap > time.Second {
			c.w.stats.SlowHandovers++
		}
		c.w.stats.LongestHandover = max(c.w.stats.LongestHandover, gap)
		if gap > c.w.plan.handover {
			c.w.fail("I5", r.p, "%s was without an owner for %v, without any fault", s.name, gap)
		}
	}
	s.hadOwner = true
}

// staffedSince is since when there has been a replica that serves the shard and is
// not leaving.
func (c *checker) staffedSince(i int) time.Duration {
	since := c.w.now
	for _, p := range c.replicas() {
		for _, k := range p.kinds {
			if k.index == i && k.served && !p.closing {
				since = min(since, k.servedSince)
			}
		}
	}
	return since
}

// stopped: a reconciler is not at work any more.
func (c *checker) stopped(r *reconciler) {
	s := &c.shards[r.index]
	if len(c.w.running[r.index]) == 0 && !s.vacant {
		s.vacant, s.vacantSince = true, c.w.now
		if c.w.day != nil {
			c.w.day.left(r)
		}
	}
}

// died takes away what a process that is no more was running.
func (c *checker) died(p *process) {
	for _, k := range p.kinds {
		if k.work != nil && k.work.running {
			k.work.running = false
			c.w.ended(k.work)
		}
	}
}

// wrote: a write of a reconciler has reached the objects. I3 and I1 once more, by
// what can be seen in the objects' history.
func (c *checker) wrote(r *reconciler) {
	c.w.stats.Writes++
	token := r.term.Token()
	if c.excused[token] {
		return
	}
	s := &c.shards[r.index]
	t := s.terms[token+" "+r.term.Holder]
	if t == nil {
		return
	}
	if t.seq < s.written {
		c.w.fail("I1", r.p, "a write to %s of term %d (%s) comes after one of term %d", s.name, t.seq, token, s.written)
	}
	s.written = t.seq
	if k := r.p.kindOf(r.term.Shard); r.p.core != nil && !r.p.local().Before(r.p.config.Timing.SafeUntil(k.sentAt)) {
		c.w.fail("I3", r.p, "a write to %s leaves %v after the last renewal was sent", s.name, r.p.local().Sub(k.sentAt))
	}
	c.entitled(r.index)
}

// slack is what a process may take to notice that a time has come.
const slack = 50 * time.Millisecond

// watchStuck: I4. A reconciler that still runs at safe-until takes its process
// with it.
func (c *checker) watchStuck(r *reconciler) {
	if r.p.core == nil {
		return
	}
	k := r.p.kindOf(r.term.Shard)
	over := func() bool {
		return !r.running || !r.p.alive || c.w.violation != nil
	}
	var wait func()
	look := func() {
		late := r.p.local().Sub(r.p.config.Timing.SafeUntil(k.sentAt))
		switch {
		case over():
		case r.p.paused || late < 0:
			wait()
		default:
			c.w.fail("I4", r.p, "the reconciler of %s runs on %v after safe-until", k.name, late)
		}
	}
	// A process that is stopped notices when it goes on.
	wait = func() {
		c.w.at(r.p.clock.when(r.p.config.Timing.SafeUntil(k.sentAt))+slack, func() {
			r.p.deliver(streamLoop, func() { c.w.after(slack, look) })
		})
	}
	wait()
}

// termIs says whether the Lease is still in a term, in truth.
func (c *checker) termIs(t lease.Term) bool {
	o := c.w.store.objects[t.Lease]
	return o != nil && t.Is(o.record())
}
