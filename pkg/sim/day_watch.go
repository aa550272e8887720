package sim

import (
	"slices"
	"time"

	"github.com/kindred-k8s/kindred/pkg/elect"
)

// lagOfRenewals is how long the watch may take to tell that somebody lives on. Such
// events are told together, because there are so many; nobody acts upon one.
const lagOfRenewals = 200 * time.Millisecond

// batch is what a watch is going to tell at once.
type batch struct {
	changes []change
	at      time.Duration // when it will
	turn    int           // counts deliveries that were planned, for an earlier one replaces a later
}

// changed passes a change in the store on to every watch.
func (y *day) changed(old *object, c change) {
	w := y.w
	if c.hidden {
		return
	}
	y.report.WatchEvents += int64(len(w.watchers))
	renewal := renewed(old, c)
	if !renewal {
		y.stirred = w.now
	}
	for _, f := range w.watchers {
		delay := w.latency()
		if renewal {
			delay += lagOfRenewals
		}
		f.tellBy(c, w.now+delay)
	}
}

// renewed says whether a change says only that somebody lives on.
func renewed(old *object, c change) bool {
	now := c.object
	if old == nil || c.gone || old.uid != now.uid || old.holder != now.holder || old.holder == "" ||
		old.transitions != now.transitions || old.moves != now.moves || old.duration != now.duration {
		return false
	}
	if old.member == nil || now.member == nil {
		return old.member == now.member
	}
	a, b := old.member, now.member
	return a.Phase == b.Phase && a.Crashes == b.Crashes && slices.Equal(a.Serves, b.Serves)
}

// tellBy adds a change to what the watch tells, at a time or earlier; order is kept.
func (f *feed) tellBy(c change, at time.Duration) {
	b := &f.batch
	b.changes = append(b.changes, c)
	at = max(at, f.arrival+1)
	if len(b.changes) > 1 && b.at <= at {
		return
	}
	b.at = at
	b.turn++
	turn, open := b.turn, f.open
	f.p.w.at(at, func() {
		if f.open != open || turn != b.turn {
			return
		}
		changes := b.changes
		b.changes = nil
		b.turn++
		f.arrival = f.p.w.now
		f.p.deliver(streamWatch, func() { f.tell(changes) })
	})
}

func (f *feed) tell(changes []change) {
	for _, c := range changes {
		if c.gone {
			f.gone(c.object.name, c.version)
		} else {
			f.p.remember(c.object)
			f.names[c.object.name] = true
			f.p.queue = append(f.p.queue, elect.Watched{Event: c.object.event()})
		}
		f.last = max(f.last, c.version)
	}
	f.p.wakeUp()
}

// dayStep is a turn with all events that wait, as coordinator.loop takes them.
func (p *process) dayStep(events []elect.Event) {
	for _, e := range events {
		if _, watched := e.(elect.Watched); !watched {
			p.observe(e)
		}
	}
	p.give(events)
}

// give tells the core, and does what it says.
func (p *process) give(events []elect.Event) {
	p.w.stats.Steps++
	for _, a := range p.core.Step(p.local(), events...) {
		if _, publish := a.(elect.Publish); !publish {
			p.w.day.stirred = p.w.now
		}
		if r, release := a.(elect.Release); release {
			p.w.check.action(p, r)
		}
		p.act(a)
		if !p.alive {
			return
		}
	}
}

// serveAll offers every kind at once.
func (p *process) serveAll() {
	for _, k := range p.kinds {
		p.queue = append(p.queue, elect.Serves{Shard: k.shard, OK: true})
	}
	p.wakeUp()
}
