package sim

import (
	"slices"

	"github.com/kindred-k8s/kindred/pkg/elect"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// action judges an action of a core before it is carried out.
func (c *checker) action(p *process, action elect.Action) {
	switch a := action.(type) {
	case elect.StopReconciler:
		c.reason(p, a)
		if c.w.quiet() && !c.w.finale {
			c.late(p, a)
		}
	case elect.Release:
		if k := p.kindOf(a.Term.Shard); k.work != nil && k.work.running {
			c.w.fail("I2", p, "releases %s while its reconciler runs", k.name)
		}
		p.kindOf(a.Term.Shard).holds = nil
	}
}

// late: I6. Nothing moves any more some time after the last fault.
func (c *checker) late(p *process, a elect.StopReconciler) {
	after := c.w.now - c.w.plan.quietAt
	c.w.stats.LastMove = max(c.w.stats.LastMove, after)
	if c.w.now >= c.w.plan.settledAt {
		c.w.fail("I6", p, "ends its term of %s (%s) %v after the last fault", a.Term.Lease, a.Reason, after)
	}
}

// reason: no term ends without a reason that holds.
func (c *checker) reason(p *process, a elect.StopReconciler) {
	k := p.kindOf(a.Term.Shard)
	timing := p.config.Timing
	now := p.local()
	holds := false
	switch a.Reason {
	case elect.Moved:
		c.moved(p, a)
		return
	case elect.Leaving:
		holds = p.closing
	case elect.NotServed:
		holds = !k.served
	case elect.RenewFailed:
		holds = k.electorFailed || !now.Before(k.sentAt.Add(timing.RenewDeadline))
	case elect.SafeUntilPassed:
		holds = !now.Before(timing.SafeUntil(k.sentAt))
	case elect.HolderChanged:
		holds = !c.termIs(a.Term)
		k.holds = nil
	case elect.LeaseDeleted:
		holds = !c.termIs(a.Term) || c.unlabelled[a.Term.Token()]
		k.holds = nil
	case elect.LeaseEdited:
		holds = c.excused[a.Term.Token()]
	}
	if !holds {
		c.w.fail("reason", p, "ends its term of %s: %q, which is not so", k.name, a.Reason)
	}
}

// moved: a move makes the split more even, as far as the process can know.
func (c *checker) moved(p *process, a elect.StopReconciler) {
	fallback, now := p.config.Timing.LeaseDuration, p.local()
	to, alive := p.view.member(a.To, fallback, now)
	switch {
	case !alive:
		c.w.fail("reason", p, "moves %s to %q, which is not alive as far as it knows", a.Term.Lease, a.To)
	case to.Phase != lease.Ready:
		c.w.fail("reason", p, "moves %s to %q, which is %s", a.Term.Lease, a.To, to.Phase)
	case !slices.ContainsFunc(to.Serves, func(s lease.Served) bool { return s.Shard == a.Term.Shard.String() }):
		c.w.fail("reason", p, "moves %s to %q, which does not serve it", a.Term.Lease, a.To)
	}
	if !c.w.plan.equalWeights() || !p.serveAlike() {
		return
	}
	// What the watch shows as its own counts too: the answer may be late, or lost.
	mine := 0
	for _, k := range p.kinds {
		if k.holds != nil || p.view.holder(k.name, fallback, now) == p.identity {
			mine++
		}
	}
	if theirs := p.view.load(a.To, fallback, now); mine <= theirs {
		c.w.fail("reason", p, "moves %s to %q, which owns %d, and owns itself %d", a.Term.Lease, a.To, theirs, mine)
	}
}

// serveAlike says whether, as far as the process knows, everybody serves
// everything: then a move is worthwhile only towards one that owns less.
func (p *process) serveAlike() bool {
	all := 0
	for _, k := range p.kinds {
		if k.served {
			all++
		}
	}
	if all != len(p.w.shards) {
		return false
	}
	for _, m := range p.view.members {
		if len(m.Serves) != all {
			return false
		}
	}
	return true
}
