package sim

import (
	"time"

	"github.com/kindred-k8s/kindred/pkg/elect"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// manner is how a reconciler takes the end of its context.
type manner int

const (
	quick manner = iota
	slow
	deaf // it ignores its context
)

// reconciler is the work of one term. It writes now and then, each time through
// the fence.
type reconciler struct {
	p       *process
	index   int // of its shard
	term    lease.Term
	fence   *fence
	s       stream
	running bool
	asked   bool
	manner  manner
	done    func()
	write   *timer
}

// entitled says whether a write would be let through now. A process that is
// stopped does not write, but its right is judged as if it did.
func (r *reconciler) entitled() bool {
	return r.running && r.p.alive && r.fence.allows(r.p.local())
}

func (k *kind) startReconciler(term lease.Term) {
	f := k.fence
	if f == nil || f.term != term {
		f = &fence{term: term} // it may not write
	}
	k.work = &reconciler{p: k.p, index: k.index, term: term, fence: f, s: k.workStream(), manner: k.p.w.drawManner()}
	k.work.done = func() {
		k.p.put(elect.Returned{Shard: k.shard})
	}
	k.work.start()
}

func (w *World) drawManner() manner {
	switch {
	case w.quiet() || w.plan.calm && w.permille(900):
		return quick
	case !w.plan.calm && w.permille(w.plan.deaf):
		return deaf
	case w.permille(200):
		return slow
	}
	return quick
}

func (r *reconciler) start() {
	r.running = true
	w := r.p.w
	w.running[r.index] = append(w.running[r.index], r)
	w.stats.Terms++
	w.check.started(r)
	r.again()
	if !w.quiet() && w.failures > 0 && w.permille(w.plan.failing) {
		w.failures--
		r.p.after(w.between(10*time.Millisecond, 5*time.Second), r.s, func() {
			if r.running && !r.asked {
				w.trace(r.p, "the reconciler of %s fails", r.term.Shard.Kind.Kind)
				w.stats.Faults["reconciler failed"]++
				r.returned()
			}
		})
	}
}

// again schedules the next write.
func (r *reconciler) again() {
	w := r.p.w
	pause := w.between(100*time.Millisecond, 3*time.Second)
	if w.day != nil {
		pause *= 10 // a thousand kinds write often enough
	}
	r.write = r.p.after(pause, r.s, func() {
		if !r.running {
			return
		}
		if allowed := r.fence.allows(r.p.local()); allowed || w.breaks.unfenced {
			if w.breaks.gap {
				r.p.after(w.upTo(300*time.Microsecond), r.s, func() { w.check.wrote(r) })
				if w.permille(5) && !w.quiet() {
					r.p.pause(w.duration())
				}
			} else {
				w.check.wrote(r)
			}
		} else {
			w.stats.Refused++
		}
		r.again()
	})
}

// askStop cancels the reconciler's context.
func (r *reconciler) askStop() {
	if r == nil || !r.running || r.asked {
		return
	}
	r.asked = true
	w := r.p.w
	switch r.manner {
	case quick:
		r.p.after(w.upTo(300*time.Millisecond), r.s, r.returned)
	case slow:
		r.p.after(w.between(time.Second, w.plan.slowest), r.s, r.returned)
	}
}

func (r *reconciler) returned() {
	if !r.running {
		return
	}
	r.running = false
	r.fence.limitTo(r.p.local())
	r.write.stop()
	r.p.w.ended(r)
	r.done()
}

// ended takes a reconciler off the list of those that run.
func (w *World) ended(r *reconciler) {
	all := w.running[r.index]
	for i, other := range all {
		if other == r {
			w.running[r.index] = append(all[:i:i], all[i+1:]...)
			break
		}
	}
	w.check.stopped(r)
}
