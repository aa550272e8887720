package sim

import (
	"time"

	"github.com/kindred-k8s/kindred/pkg/elect"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// stream is one goroutine of a process, for which things happen in order.
type stream int

const (
	streamLoop stream = iota
	streamWatch
	streamMember
	streamServe
	streamPods
	streamCollect
	streamKinds // the first of three for each kind
)

func (k *kind) electorStream() stream { return streamKinds + 3*stream(k.index) }
func (k *kind) workStream() stream    { return k.electorStream() + 1 }
func (k *kind) releaseStream() stream { return k.electorStream() + 2 }

// process is one life of a replica. With core it is Kindred's coordinator;
// without, a program with plain client-go electors (plain.go).
type process struct {
	podsUntil time.Duration // until when what is known of Pods is on its way
	w         *World
	pod       *pod
	identity  string
	clock     clock
	link      link

	alive, paused bool
	backlog       []waiting
	notBefore     map[stream]time.Duration

	core    *elect.Core
	config  elect.Config
	queue   []elect.Event
	turning bool
	tick    *timer
	// latest is kubelease.Store's: the newest known state of each Lease.
	latest  map[string]*object
	feed    *feed
	kinds   []*kind
	byShard map[lease.Shard]*kind
	member  lease.Member
	view    view // what the watch has told, for the checker

	closing, finished bool
	last              bool // it was there when everybody was told to leave
	born, leaveBy     time.Duration
}

type waiting struct {
	s  stream
	do func()
}

// kind is what the coordinator keeps of one kind.
type kind struct {
	p     *process
	index int
	shard lease.Shard
	name  string

	served bool
	// servedSince is for the checker, like what follows work.
	servedSince time.Duration
	elector     *elector
	fence       *fence
	work        *reconciler
	// holds, sentAt and electorFailed are for the checker: the term that the core
	// has by its events, its last successful write, and how its elector ended.
	holds         *lease.Term
	sentAt        time.Time
	electorFailed bool
}

func (p *process) local() time.Time { return p.clock.at(p.w.now) }

// deliver lets something happen to the process now, or when it goes on after a
// pause.
func (p *process) deliver(s stream, do func()) {
	switch {
	case !p.alive:
	case p.paused:
		p.backlog = append(p.backlog, waiting{s, do})
	case p.notBefore[s] > p.w.now:
		p.w.at(p.notBefore[s], func() { p.deliver(s, do) })
	default:
		do()
	}
}

// timer is stopped by setting it so; the entry in the queue stays.
type timer struct{ stopped bool }

func (t *timer) stop() {
	if t != nil {
		t.stopped = true
	}
}

// after calls do once the process's own clock has advanced by d.
func (p *process) after(d time.Duration, s stream, do func()) *timer {
	t := &timer{}
	p.w.at(p.clock.when(p.local().Add(d)), func() {
		if t.stopped {
			return
		}
		p.deliver(s, func() {
			if !t.stopped {
				do()
			}
		})
	})
	return t
}

// pause stops the process as SIGSTOP does, for a while. Its clock and its sockets
// go on.
func (p *process) pause(d time.Duration) {
	if !p.alive || p.paused {
		return
	}
	p.w.trace(p, "stopped for %v", d)
	p.paused = true
	p.w.after(d, p.resume)
}

// resume goes on with everything that has waited. Goroutines wake in any order.
func (p *process) resume() {
	if !p.alive {
		return
	}
	p.w.trace(p, "goes on, %d waiting", len(p.backlog))
	p.paused = false
	backlog := p.backlog
	p.backlog = nil
	for _, b := range backlog {
		if p.notBefore[b.s] <= p.w.now {
			p.notBefore[b.s] = p.w.now + p.w.upTo(3*time.Millisecond) + 1
		}
		p.w.at(p.notBefore[b.s], func() { p.deliver(b.s, b.do) })
	}
}

// crash ends the process at once. What it has sent stays on its way.
func (p *process) crash(why string) {
	if !p.alive {
		return
	}
	p.w.trace(p, "dies: %s", why)
	p.alive = false
	if p.feed != nil {
		p.feed.close()
	}
	p.w.check.died(p)
	p.pod.ended(p)
}

// put gives the core an event, soon.
func (p *process) put(e elect.Event) {
	p.queue = append(p.queue, e)
	p.wakeUp()
}

func (p *process) wakeUp() {
	if p.core == nil || p.turning || p.finished {
		return
	}
	p.turning = true
	p.after(p.w.between(10*time.Microsecond, 400*time.Microsecond), streamLoop, p.turn)
}

// turn is one turn of the coordinator's loop.
func (p *process) turn() {
	p.turning = false
	events := p.queue
	p.queue = nil
	if len(events) == 0 {
		events = []elect.Event{elect.Tick{}}
	}
	if p.w.day != nil {
		p.dayStep(events)
		if p.finished || !p.alive || p.w.violation != nil {
			return
		}
		events = nil
	}
	for _, e := range events {
		p.step(e)
		if p.finished || !p.alive || p.w.violation != nil {
			return
		}
	}
	p.tick.stop()
	wake := p.config.Timing.RetryPeriod
	if next := p.core.Next(); !next.IsZero() {
		if d := next.Sub(p.local()); d <= 0 {
			p.w.fail("core", p, "asks for a Tick that is not in the future: %v", d)
		} else {
			wake = min(wake, d)
		}
	}
	p.tick = p.after(wake, streamLoop, p.wakeUp)
}

func (p *process) step(e elect.Event) {
	p.observe(e)
	for _, event := range p.w.breaks.event(p, e) {
		if p.w.tracing() {
			p.w.traceEvent(p, event)
		}
		actions := p.core.Step(p.local(), event)
		p.w.stats.Steps++
		for _, a := range actions {
			if p.w.tracing() {
				p.w.traceAction(p, a)
			}
			p.w.check.action(p, a)
			p.act(a)
			if !p.alive {
				return
			}
		}
	}
}

func (p *process) kindOf(s lease.Shard) *kind {
	return p.byShard[s]
}
