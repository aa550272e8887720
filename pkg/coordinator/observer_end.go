package coordinator

import (
	"time"

	"github.com/kindred-k8s/kindred/pkg/elect"
	"github.com/kindred-k8s/kindred/pkg/observe"
)

// neverBegan is why a term has ended that was over before its reconciler started.
const neverBegan elect.Reason = "the term was over before its reconciler could start"

// released ends a term whose Lease is free.
func (o *observer) released(a *account, e elect.Released, at time.Time) {
	term := a.term
	if term != nil {
		a.term = nil
		o.call(observe.Released{
			Term: *term, Reason: reasonOf(a.why()), To: a.to, Took: at.Sub(a.releaseAt), Held: at.Sub(a.electedAt),
		})
	}
	if e.Now != nil && a.seen(*e.Now, at) {
		o.changed(a)
	}
}

// why returns the reason for which the term ended.
func (a *account) why() elect.Reason {
	switch {
	case a.reason != "":
		return a.reason
	case a.returned:
		return elect.ReconcilerEnded
	default:
		return neverBegan
	}
}

// lastWords is how long a process that ends itself may go on to tell of it.
const lastWords = time.Second

// lastWord tells of a stuck reconciler before the process ends. Nothing is waited for
// when another replica may own the shard by now.
func (o *observer) lastWord(s elect.Stuck) {
	if o.hooks == nil {
		return
	}
	now := time.Now()
	exitAt := now
	if a := o.shards[s.Term.Shard]; s.Reason == elect.StuckDraining && !a.fenced && a.safeUntil.After(now) {
		exitAt = now.Add(min(lastWords, a.safeUntil.Sub(now)))
	}
	told := make(chan struct{})
	go func() {
		defer close(told)
		o.call(observe.Stuck{Term: s.Term, Reason: reasonOf(s.Reason), ExitAt: exitAt})
	}()
	if exitAt.After(now) {
		select {
		case <-told:
		case <-time.After(exitAt.Sub(now)):
		}
	}
}

// lost ends a term without a release.
func (o *observer) lost(a *account, at time.Time) {
	if a.term == nil {
		return
	}
	term := *a.term
	a.term = nil
	o.call(observe.Lost{Term: term, Reason: reasonOf(a.why()), Held: at.Sub(a.electedAt)})
}

func reasonOf(r elect.Reason) observe.Reason {
	name := r.Name()
	if r == neverBegan {
		name = "NeverBegan"
	}
	return observe.Reason{Name: name, Text: string(r)}
}
