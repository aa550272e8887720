package coordinator

import (
	"time"

	"github.com/kindred-k8s/kindred/pkg/elect"
	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/observe"
)

// observer tells Options.Observer what happens. It reads along: what the core is told,
// what it says, and what others put into the queue for it. Only the goroutine of Run
// uses it.
type observer struct {
	hooks *observe.Hooks // nil for nobody
	c     *Coordinator

	shards  map[lease.Shard]*account
	byLease map[string]*account
	// elsewhere is the number in the last Planned; looked is when look last looked.
	elsewhere int
	looked    time.Time
}

// account is what the observer knows of one shard.
type account struct {
	sighting
	shard lease.Shard
	kind  *kind

	campaignReason elect.Reason
	campaignAt     time.Time // zero when there is no campaign

	// What follows is about the term; nil when there is none.
	term      *lease.Term
	electedAt time.Time
	safeUntil time.Time
	after     vacancy // how the term began
	returned  bool
	fenced    bool // another replica may own the shard, or may at any time
	drainAt   time.Time
	releaseAt time.Time
	reason    elect.Reason // why the term ends; empty while it does not
	to        string
}

func newObserver(c *Coordinator) *observer {
	o := &observer{hooks: c.options.Observer, c: c, shards: map[lease.Shard]*account{}, byLease: map[string]*account{}}
	for shard, k := range c.kinds {
		a := &account{shard: shard, kind: k, sighting: sighting{self: c.options.Identity, fallback: k.timing.LeaseDuration}}
		o.shards[shard] = a
		if given := c.leaseNames[shard]; given != "" {
			o.byLease[given] = a
		} else if name, err := shard.Name(c.options.Component); err == nil {
			o.byLease[name] = a
		}
	}
	return o
}

func (o *observer) call(e observe.Event) {
	if o.hooks != nil {
		o.hooks.Call(e)
	}
}

// start says which replica this is.
func (o *observer) start() {
	options := o.c.options
	started := observe.Started{
		Component: options.Component, Namespace: options.Namespace, Identity: options.Identity,
		PodName: options.PodName, PodNamespace: options.PodNamespace, PodUID: options.PodUID,
		Shards: map[lease.Shard]lease.Timing{},
	}
	for shard, k := range o.c.kinds {
		started.Shards[shard] = k.timing
	}
	o.call(started)
}

// heard is called for each event before the core is given it.
func (o *observer) heard(event elect.Event, at time.Time) {
	if o.hooks == nil {
		return
	}
	switch e := event.(type) {
	case elect.Watched:
		o.watched(e.Event, at)
	case elect.Acquired:
		if a := o.shards[e.Term.Shard]; a != nil {
			o.acquired(a, e, at)
		}
	case elect.Renewed:
		if a := o.shards[e.Shard]; a != nil && a.term != nil {
			a.renewed(e.Version, at)
			margin := a.safeUntil.Sub(at)
			a.safeUntil = a.kind.timing.SafeUntil(e.SentAt)
			o.call(observe.Renewed{Term: *a.term, Took: at.Sub(e.SentAt), Margin: margin, SafeUntil: a.safeUntil})
		}
	case elect.ElectorEnded:
		if a := o.shards[e.Shard]; a != nil {
			o.campaignEnded(a, false, at)
		}
	case elect.Released:
		if a := o.shards[e.Shard]; a != nil && e.OK {
			o.released(a, e, at)
		}
	}
}

func (o *observer) campaignEnded(a *account, won bool, at time.Time) {
	if a.campaignAt.IsZero() {
		return
	}
	took := at.Sub(a.campaignAt)
	a.campaignAt = time.Time{}
	o.call(observe.CampaignEnded{Shard: a.shard, Won: won, Took: took})
}

func (o *observer) acquired(a *account, e elect.Acquired, at time.Time) {
	o.campaignEnded(a, true, at)
	if a.seen(lease.Record{
		UID: e.Term.UID, Version: e.Version, Holder: e.Term.Holder,
		Duration: a.kind.timing.LeaseDuration, Transitions: e.Term.Transitions,
	}, at) {
		o.changed(a)
	}
	a.term, a.electedAt, a.safeUntil, a.after = &e.Term, at, a.kind.timing.SafeUntil(e.SentAt), a.last
	a.returned, a.fenced, a.drainAt, a.releaseAt, a.reason, a.to = false, false, time.Time{}, time.Time{}, "", ""
	o.call(observe.Elected{
		Term: e.Term, Reason: reasonOf(a.campaignReason), After: a.after.how, Without: a.after.without, SafeUntil: a.safeUntil,
	})
}

// told is called for what others have put into the queue for the observer.
func (o *observer) told(event observe.Event, at time.Time) {
	switch e := event.(type) {
	case observe.ReconcilerStarted:
		a := o.shards[e.Term.Shard]
		e.After = a.after.how
		if e.After != observe.Unseen {
			e.TakeOver = a.after.without + at.Sub(a.electedAt)
		}
		event = e
	case observe.ReconcilerReturned:
		a := o.shards[e.Term.Shard]
		a.returned = true
		if e.Early = a.drainAt.IsZero(); !e.Early {
			e.Drain = at.Sub(a.drainAt)
		}
		event = e
	case observe.Fenced:
		e.Refused, e.Cancelled, e.Method, e.Path, e.Reason = o.shards[e.Term.Shard].kind.refusals.take()
		event = e
	}
	o.call(event)
}

// said is called for each action, when it has been started.
func (o *observer) said(action elect.Action) {
	if o.hooks == nil {
		return
	}
	switch e := action.(type) {
	case elect.StartCampaign:
		a, now := o.shards[e.Shard], time.Now()
		o.lost(a, now) // the next campaign begins in the step that ends the term
		a.campaignAt, a.campaignReason = now, e.Reason
		o.call(observe.CampaignStarted{Shard: e.Shard, Reason: reasonOf(e.Reason)})
	case elect.Fence:
		o.shards[e.Term.Shard].fenced = true
	case elect.StopReconciler:
		o.draining(o.shards[e.Term.Shard], e)
	case elect.Release:
		o.shards[e.Term.Shard].releaseAt = time.Now()
	}
}

func (o *observer) draining(a *account, e elect.StopReconciler) {
	if a.term == nil || a.returned {
		return // it returned before it was told to
	}
	a.drainAt, a.reason, a.to = time.Now(), e.Reason, e.To
	if planned := o.c.core.Planned(a.shard); a.to == "" && planned != o.c.options.Identity {
		a.to = planned
	}
	o.call(observe.DrainStarted{Term: *a.term, Reason: reasonOf(e.Reason), To: a.to})
}

// turned is called after each step: it finds the terms that are over without a
// release, and from time to time looks at what only the passing of time changes.
func (o *observer) turned(now time.Time, pulse time.Duration) {
	if o.hooks == nil {
		return
	}
	for _, a := range o.shards {
		if a.term != nil && !o.c.core.HasTerm(a.shard) {
			o.lost(a, now)
		}
	}
	if now.Sub(o.looked) < pulse {
		return
	}
	o.looked = now
	for _, a := range o.shards {
		if a.term == nil && a.expire(now) {
			o.changed(a)
		}
	}
	if elsewhere := o.c.core.Elsewhere(); elsewhere != o.elsewhere {
		o.elsewhere = elsewhere
		o.call(observe.Planned{Elsewhere: elsewhere})
	}
}
