package sim

import (
	"maps"
	"slices"
	"time"

	"github.com/kindred-k8s/kindred/pkg/elect"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// A day of a large fleet is mostly renewals: a thousand kinds and a hundred replicas
// make 520 writes a second, and a hundred watches carry 52,000 events a second. In a
// time in which nothing else happens they are not simulated one by one. Time leaps, and
// then every replica is told at once of the last renewal of every other. What they
// would have asked of the API server is counted by their rates.
func (y *day) leap(d time.Duration) {
	w := y.w
	w.procs = slices.DeleteFunc(w.procs, func(p *process) bool { return !p.alive })
	w.schedule.leap(d)
	y.count(d)
	events := y.renewAll()
	known := maps.Clone(w.store.objects)
	for _, p := range w.procs {
		p.leapt(d, events, known)
	}
}

// count adds up the requests of a time that is not simulated.
func (y *day) count(d time.Duration) {
	t := y.w.plan.timing
	writes := int64(y.Kinds)*int64(d/t.RetryPeriod) + int64(len(y.w.watchers))*int64(d/t.Heartbeat())
	y.w.store.requests["update"] += writes
	y.report.Leapt += d
	y.report.WatchEvents += writes * int64(len(y.w.watchers))
}

// renewAll gives every Lease of a replica that lives a new version, and returns what a
// watch would tell.
func (y *day) renewAll() []elect.Event {
	s := y.w.store
	s.history = s.history[:0]
	alive := map[string]bool{}
	for _, p := range y.w.procs {
		alive[p.identity] = true
	}
	events := make([]elect.Event, 0, len(s.objects)+y.Kinds)
	for _, name := range slices.Sorted(maps.Keys(s.objects)) {
		if !alive[s.objects[name].holder] {
			continue // the member Lease of one that has crashed
		}
		s.version += versionStep
		o := *s.objects[name]
		o.version, o.text = s.version, text(s.version)
		s.objects[name] = &o
		events = append(events, elect.Watched{Event: o.event()})
	}
	return events
}

// leapt is how a leap appears to a replica: it has gone on renewing what it owns, and
// has been told of all others.
func (p *process) leapt(d time.Duration, events []elect.Event, known map[string]*object) {
	before := p.clock.at(p.w.now - d)
	now := p.local()
	local := now.Sub(before)
	p.latest = maps.Clone(known)
	p.podsUntil += d
	if p.feed != nil {
		p.feed.arrival += d
		p.feed.last = p.w.store.version
	}
	own := make([]elect.Event, 0, len(events)+16)
	for _, k := range p.kinds {
		if k.work == nil || !k.work.running {
			continue
		}
		o := known[k.name]
		k.sentAt = now
		k.fence.until = k.fence.until.Add(local)
		if k.elector != nil {
			k.elector.observedTime = k.elector.observedTime.Add(local)
			if !k.elector.deadline.IsZero() {
				k.elector.deadline = k.elector.deadline.Add(local)
			}
			k.elector.lock.(*lock).last = o
		}
		own = append(own, elect.Renewed{Shard: k.shard, Version: o.text, SentAt: now})
	}
	p.give(append(own, events...))
}

// event is what a watch tells of a state.
func (o *object) event() lease.Event {
	if o.member == nil {
		return lease.Event{Kind: lease.OwnerSeen, Name: o.name, Version: o.text, Record: o.record()}
	}
	return lease.Event{Kind: lease.MemberSeen, Name: o.name, Version: o.text, Member: lease.MemberObservation{
		Member: *o.member, Lease: o.name, UID: o.uid, Version: o.text, Duration: o.duration, Created: epoch.Add(o.created),
	}}
}
