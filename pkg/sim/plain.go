package sim

import (
	"time"

	"github.com/kindred-k8s/kindred/pkg/elect"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// startPlain is a program with client-go's LeaderElector on one kind's Lease, as
// Knative's controllers and older versions have. It exits when it stops leading
// and gives a Lease back only after its work has ended: without that, it would be
// client-go's hazard, not Kindred's.
func (p *process) startPlain() {
	w := p.w
	index := w.rng.IntN(len(w.shards))
	name, _ := w.shards[index].Name(component)
	k := &kind{p: p, index: index, shard: w.shards[index], name: name}
	p.config = elect.Config{Timing: w.plan.timing, Identity: p.identity}
	p.kinds, p.byShard[k.shard] = []*kind{k}, k
	w.trace(p, "starts as a plain elector for %s, clock %+d ppm", k.shard.Kind.Kind, p.clock.ppm)
	lock := &plainLock{k: k}
	e := &elector{p: p, s: k.electorStream(), lock: lock, timing: p.config.Timing, leading: lock.lead}
	e.ended = func() {
		if !p.closing {
			p.crash("a plain elector that stops leading exits")
		}
	}
	lock.e, k.elector = e, e
	e.start()
}

// leavePlain stops the work, then the elector, then releases.
func (p *process) leavePlain() {
	k := p.kinds[0]
	end := func() {
		k.elector.stop()
		p.release(k, k.elector.lock.(*plainLock).term, 1)
		p.after(p.config.Timing.RequestTimeout(), streamLoop, func() {
			p.alive = false
			p.w.trace(p, "has left")
			p.w.check.died(p)
			p.pod.ended(p)
		})
	}
	if k.work == nil || !k.work.running {
		end()
		return
	}
	k.work.done = end
	k.work.manner = quick
	k.work.askStop()
}

// plainLock is resourcelock.LeaseLock.
type plainLock struct {
	k       *kind
	e       *elector
	last    *object
	term    lease.Term
	sentAt  time.Time
	started bool
}

func (l *plainLock) identity() string { return l.k.p.identity }

func (l *plainLock) get(limit time.Duration, answer func(election, code)) {
	l.e.call = l.k.p.send(l.e.s, limit, false, func(s *store) (*object, code) { return s.get(l.k.name) },
		func(o *object, result code) {
			if result != ok {
				answer(election{}, result)
				return
			}
			l.last = o
			answer(electionOf(o), ok)
		})
}

func (l *plainLock) create(limit time.Duration, r election, answer func(code)) {
	l.write(limit, object{name: l.k.name}, r, func(s *store, o object) (*object, code) { return s.create(o) }, answer)
}

func (l *plainLock) update(limit time.Duration, r election, answer func(code)) {
	l.write(limit, *l.last, r, func(s *store, o object) (*object, code) { return s.update(o, false) }, answer)
}

func (l *plainLock) write(limit time.Duration, o object, r election, do func(*store, object) (*object, code), answer func(code)) {
	o.holder, o.duration, o.transitions = r.holder, r.duration, r.transitions
	o.acquired, o.renewed = r.acquired, r.renewed
	p := l.k.p
	sentAt := p.local()
	l.e.call = p.send(l.e.s, limit, true, func(s *store) (*object, code) {
		p.w.check.writing(p, sentAt)
		defer p.w.check.written()
		return do(s, o)
	}, func(written *object, result code) {
		if result == ok {
			l.last, l.sentAt = written, sentAt
			l.won()
		}
		answer(result)
	})
}

// won keeps the right to act, for the checker: it has no fence, but what counts as
// its ownership is what counts for Kindred's.
func (l *plainLock) won() {
	until := l.k.p.config.Timing.SafeUntil(l.sentAt)
	term := lease.Term{
		Shard: l.k.shard, Namespace: "default", Lease: l.k.name, Holder: l.last.holder,
		UID: l.last.uid, Transitions: l.last.transitions,
	}
	if l.k.fence != nil && l.term == term {
		l.k.fence.extend(l.k.p.local(), until)
		l.k.p.w.check.entitled(l.k.index)
		return
	}
	l.term = term
	l.k.fence = &fence{term: l.term, until: until}
	if l.started && !l.k.p.closing {
		// It took the Lease again after somebody else had it, and calls it the same
		// leadership. Its work goes on, under what is really a new term.
		l.k.work.fence, l.k.work.term = l.k.fence, l.term
		l.k.p.w.check.started(l.k.work)
	}
}

func (l *plainLock) lead() {
	l.started = true
	l.k.startReconciler(l.term)
	l.k.work.manner = quick
	l.k.work.done = func() { l.k.p.crash("the work of a plain elector ended") }
}
