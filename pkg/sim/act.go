package sim

import (
	"time"

	"github.com/kindred-k8s/kindred/pkg/elect"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// act carries out an action as coordinator.act does.
func (p *process) act(action elect.Action) {
	switch a := action.(type) {
	case elect.StartCampaign:
		p.w.stats.Campaigns++
		k := p.kindOf(a.Shard)
		k.electorFailed = false
		lock := newLock(k, a)
		k.elector = &elector{p: p, s: k.electorStream(), lock: lock, timing: p.config.Timing, ended: func() {
			p.put(elect.ElectorEnded{Shard: k.shard, Unanswered: lock.term == nil && lock.wrote})
		}}
		lock.elector = k.elector
		k.elector.start()
	case elect.StopElector:
		k := p.kindOf(a.Shard)
		k.elector.lock.(*lock).over = true
		k.elector.stop()
	case elect.StartReconciler:
		p.kindOf(a.Term.Shard).startReconciler(a.Term)
	case elect.Fence:
		k := p.kindOf(a.Term.Shard)
		if k.fence != nil && k.fence.term == a.Term {
			k.fence.limitTo(a.Until)
		}
	case elect.StopReconciler:
		k := p.kindOf(a.Term.Shard)
		k.work.askStop()
		p.w.breaks.stopping(k, a)
	case elect.Release:
		k := p.kindOf(a.Term.Shard)
		p.release(k, a.Term, a.Moves)
	case elect.Publish:
		p.member = a.Member
		p.publish(a.Member, func(done bool) {
			p.put(elect.Published{Phase: a.Member.Phase, OK: done})
		})
	case elect.Collect:
		p.send(streamCollect, p.config.Timing.RequestTimeout(), true, func(s *store) (*object, code) {
			return nil, s.remove(a.Lease, a.UID, number(a.Version))
		}, func(*object, code) {})
	case elect.Stuck:
		p.w.stats.Exits++
		p.crash("stuck: " + string(a.Reason))
	case elect.Finish:
		p.finish(a)
	}
}

// finish is what Run does after the loop: it joins everything and leaves.
func (p *process) finish(a elect.Finish) {
	p.finished = true
	for _, k := range p.kinds {
		if k.work != nil && k.work.running && len(a.Abandoned) == 0 {
			p.w.fail("contract", p, "Finish while the reconciler of %s runs", k.shard.Kind.Kind)
			return
		}
	}
	p.feed.close()
	name := lease.MemberName(component, p.identity)
	gone := func(*object, code) {
		p.w.trace(p, "has left")
		p.alive = false
		p.pod.ended(p)
	}
	current := p.latest[name]
	if current == nil {
		gone(nil, ok)
		return
	}
	p.send(streamMember, p.config.Timing.RequestTimeout(), true, func(s *store) (*object, code) {
		return nil, s.remove(name, current.uid, 0)
	}, gone)
}

// told is coordinator.kind.told: the right to write follows the facts at once, the
// core hears of them soon.
func (k *kind) told(e lease.LockEvent) {
	e = k.p.w.breaks.told(k, e)
	until := k.p.config.Timing.SafeUntil(e.SentAt)
	switch e.Kind {
	case lease.LockAcquired:
		k.fence = &fence{term: e.Term, until: until}
		k.p.put(elect.Acquired{Term: e.Term, Version: e.Version, SentAt: e.SentAt})
	case lease.LockRenewed:
		k.fence.extend(k.p.local(), until)
		k.p.w.check.entitled(k.index)
		k.p.put(elect.Renewed{Shard: k.shard, Version: e.Version, SentAt: e.SentAt})
	case lease.LockTaken:
		k.fence.limitTo(k.p.local())
		k.p.put(elect.LockLost{Shard: k.shard, Reason: elect.HolderChanged})
	case lease.LockDeleted:
		k.fence.limitTo(k.p.local())
		k.p.put(elect.LockLost{Shard: k.shard, Reason: elect.LeaseDeleted})
	}
}

// fence is package fence's: the right to write of one term.
type fence struct {
	term         lease.Term
	until, limit time.Time
	over         bool
}

func (f *fence) allows(now time.Time) bool { return !f.over && now.Before(f.until) }

func (f *fence) extend(now, until time.Time) {
	if !f.allows(now) {
		f.over = true
		return
	}
	if !f.limit.IsZero() && until.After(f.limit) {
		until = f.limit
	}
	if until.After(f.until) {
		f.until = until
	}
}

func (f *fence) limitTo(until time.Time) {
	if f.limit.IsZero() || until.Before(f.limit) {
		f.limit = until
		if until.Before(f.until) {
			f.until = until
		}
	}
}
