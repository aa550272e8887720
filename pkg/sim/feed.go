package sim

import (
	"maps"
	"slices"
	"time"

	"github.com/kindred-k8s/kindred/pkg/elect"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// feed is a process's one watch: the reflector and kubelease's feed. Its order is
// kept whatever the delays.
type feed struct {
	p     *process
	open  int // counts connections: what belongs to an earlier one is dropped
	names map[string]bool
	last  int64 // the version that the reflector has come to
	inbox []func()
	// arrival is when the last message arrives; held are those of a cut link.
	arrival  time.Duration
	held     []func()
	failures int
	batch    batch // of a day
}

// close ends the watch for good: its process has ended, or is about to.
func (f *feed) close() {
	f.open = -1
	f.p.w.unwatch(f)
}

// connect opens the watch, with a list or from where it broke.
func (f *feed) connect() {
	w, p := f.p.w, f.p
	f.open++
	open := f.open
	failed := func() { p.deliver(streamWatch, func() { f.again(open) }) }
	if p.link.cutWatch || p.link.cutRequests || w.outage {
		w.after(w.between(50*time.Millisecond, 3*time.Second), failed)
		return
	}
	w.after(w.latency()+w.upTo(p.link.slow), func() {
		switch {
		case f.open != open:
		case p.link.cutWatch || w.outage:
			failed()
		default:
			f.established(open)
		}
	})
}

func (f *feed) established(open int) {
	w := f.p.w
	f.arrival, f.held = w.now, nil
	w.watchers = append(w.watchers, f)
	if f.last != 0 && w.permille(500) {
		for _, c := range w.store.since(f.last) {
			f.offer(c)
		}
		return
	}
	w.stats.Relists++
	w.store.requests["list and watch"]++
	version := w.store.version
	if f.last == 0 && w.day == nil && w.permille(100) {
		// The first list may come from an API server that is behind.
		version -= versionStep * int64(w.rng.IntN(30))
	}
	list := w.store.list(version)
	f.send(open, func() { f.replace(list, version) })
	for _, c := range w.store.since(version) {
		f.offer(c)
	}
}

// offer sends a change on its way.
func (f *feed) offer(c change) {
	if c.hidden {
		return
	}
	f.send(f.open, func() {
		if c.gone {
			f.gone(c.object.name, c.version)
		} else {
			f.seen(c.object)
		}
		f.last = c.version
	})
}

func (f *feed) send(open int, tell func()) {
	w := f.p.w
	f.arrival = max(f.arrival+1, w.now+w.latency()+w.upTo(f.p.link.lag))
	w.at(f.arrival, func() {
		if f.open != open {
			return
		}
		message := func() {
			if f.open == open {
				f.inbox = append(f.inbox, tell)
				f.p.deliver(streamWatch, f.drain)
			}
		}
		if f.p.link.cutWatch || len(f.held) > 0 {
			f.held = append(f.held, message)
			return
		}
		message()
	})
}

// drain takes all that has arrived: order is kept however the deliveries come.
func (f *feed) drain() {
	inbox := f.inbox
	f.inbox = nil
	for _, tell := range inbox {
		f.failures = 0
		tell()
	}
}

// healed: the link is whole again, and the connection has survived it or not.
func (f *feed) healed(broken bool) {
	held := f.held
	f.held = nil
	if broken {
		f.broken()
		return
	}
	for _, message := range held {
		message()
	}
}

// broken ends the connection; the process notices.
func (f *feed) broken() {
	if f.open < 0 {
		return
	}
	f.p.w.unwatch(f)
	open := f.open
	f.p.deliver(streamWatch, func() { f.again(open) })
}

// again opens the watch anew, with kubelease's watchBackoff.
func (f *feed) again(open int) {
	if f.open != open {
		return
	}
	f.open++
	f.p.w.stats.WatchBreaks++
	pause := min(200*time.Millisecond<<min(f.failures, 4), 2*time.Second)
	f.failures++
	f.p.after(pause+f.p.w.upTo(pause/2), streamWatch, func() {
		if f.open == open+1 {
			f.connect()
		}
	})
}

func (f *feed) seen(o *object) {
	f.p.remember(o)
	f.names[o.name] = true
	f.p.put(elect.Watched{Event: o.event()})
}

func (f *feed) gone(name string, version int64) {
	delete(f.names, name)
	f.p.forget(name, version)
	f.p.put(elect.Watched{Event: lease.Event{Kind: lease.Gone, Name: name, Version: text(version)}})
}

func (f *feed) replace(list []*object, version int64) {
	missing := f.names
	f.names = map[string]bool{}
	for _, o := range list {
		delete(missing, o.name)
		f.seen(o)
	}
	for _, name := range slices.Sorted(maps.Keys(missing)) {
		f.gone(name, version)
	}
	f.last = version
	f.p.put(elect.Watched{Event: lease.Event{Kind: lease.Synced, Version: text(version)}})
}
