package sim

import (
	"time"

	"github.com/kindred-k8s/kindred/pkg/elect"
)

// fault is something that happens to the fleet. Which replica it happens to is
// drawn when it does.
type fault struct {
	name string
	do   func(w *World)
}

// The graceful ones happen in every schedule.
var graceful = []fault{
	{"scale up", func(w *World) {
		if len(w.pods) < 7 {
			w.newPod(false)
		}
	}},
	{"scale down", func(w *World) {
		if p := w.anyPod(); p != nil && len(w.pods) > 1 {
			p.remove()
		}
	}},
	{"replaced", func(w *World) {
		if p := w.anyPod(); p != nil {
			w.newPod(false)
			p.remove()
		}
	}},
	{"rollout", (*World).rollout},
}

var faults = map[class][]fault{
	network: {{"partition", partition}, {"partition", partition}, {"lossy", lossy}, {"slow", slowly},
		{"outage", outage}, {"storage full", full}, {"watch broken", breakWatch}, {"watch late", lag}},
	pauses:  {{"pauses", pauseOne}, {"pauses", pauseOne}, {"pauses", pauseOne}, {"lossy", lossy}},
	crashes: {{"crash", crash}, {"crash", crash}, {"all crash", crashAll}, {"not served", unserved}},
	hands:   {{"deleted by hand", deleteLease}, {"deleted by hand", deleteLease}, {"edited by hand", edit}, {"edited by hand", edit}},
	plains:  {{"plain elector", addPlain}, {"plain elector", addPlain}},
}

// scheduleFaults draws when what will happen.
func (w *World) scheduleFaults() {
	kinds := append([]fault(nil), faults[w.plan.class]...)
	switch w.plan.class {
	case mixed:
		kinds = append(append(append(kinds, faults[network]...), faults[pauses]...), faults[crashes]...)
	case hands, plains:
		kinds = append(append(kinds, partitionOrPause...), fault{"crash", crash})
	}
	n := 2 + w.rng.IntN(10)
	for range n {
		from := graceful
		if len(kinds) > 0 && w.permille(800) {
			from = kinds
		}
		f := from[w.rng.IntN(len(from))]
		w.at(w.between(3*time.Second, w.plan.quietAt-time.Second), func() {
			w.stats.Faults[f.name]++
			w.trace(nil, "FAULT %s", f.name)
			f.do(w)
		})
	}
}

var partitionOrPause = []fault{{"partition", partition}, {"pauses", pauseOne}, {"watch broken", breakWatch}, {"watch late", lag}}

// duration draws how long a fault lasts: about a Lease, less or more.
func (w *World) duration() time.Duration {
	d := w.between(time.Second, 3*w.plan.timing.LeaseDuration)
	return min(d, w.plan.quietAt-w.now)
}

func (w *World) anyPod() *pod {
	if len(w.pods) == 0 {
		return nil
	}
	return w.pods[w.rng.IntN(len(w.pods))]
}

// alive draws a process that is alive, or returns nil.
func (w *World) anyProcess() *process {
	var alive []*process
	for _, p := range w.procs {
		if p.alive {
			alive = append(alive, p)
		}
	}
	if len(alive) == 0 {
		return nil
	}
	return alive[w.rng.IntN(len(alive))]
}

// rollout replaces the pods one by one: a new one first, then an old one leaves.
func (w *World) rollout() {
	old := append([]*pod(nil), w.pods...)
	w.revision++
	step := w.between(2*time.Second, 12*time.Second)
	for i, p := range old {
		w.after(time.Duration(i)*step, func() {
			if !p.going && !p.plain && w.now < w.plan.quietAt {
				w.newPod(false)
				w.after(step/2, func() {
					if !p.going {
						p.remove()
					}
				})
			}
		})
	}
}

func crash(w *World) {
	if p := w.anyProcess(); p != nil {
		p.crash("killed")
	}
}

func crashAll(w *World) {
	for _, p := range append([]*process(nil), w.procs...) {
		p.crash("killed, as all of them")
	}
}

func pauseOne(w *World) {
	if p := w.anyProcess(); p != nil {
		p.pause(w.duration())
	}
}

func partition(w *World) {
	p := w.anyProcess()
	if p == nil {
		return
	}
	what := w.rng.IntN(4)
	p.link.cutRequests = p.link.cutRequests || what != 0
	p.link.cutWatch = p.link.cutWatch || what != 1
	w.trace(p, "cut off: requests %v, watch %v", p.link.cutRequests, p.link.cutWatch)
	w.after(w.duration(), func() { w.heal(p) })
}

func lossy(w *World) {
	if p := w.anyProcess(); p != nil {
		p.link.loss = 50 + w.rng.IntN(450)
		w.after(w.duration(), func() { w.heal(p) })
	}
}

func slowly(w *World) {
	if p := w.anyProcess(); p != nil {
		p.link.slow = w.between(500*time.Millisecond, 8*time.Second)
		w.after(w.duration(), func() { w.heal(p) })
	}
}

func lag(w *World) {
	if p := w.anyProcess(); p != nil {
		p.link.lag = w.between(100*time.Millisecond, 5*time.Second)
		w.after(w.duration(), func() { w.heal(p) })
	}
}

func breakWatch(w *World) {
	if p := w.anyProcess(); p != nil && p.feed != nil {
		p.feed.broken()
	}
}

func outage(w *World) {
	w.outage = true
	for _, f := range append([]*feed(nil), w.watchers...) {
		w.after(w.upTo(time.Second), f.broken)
	}
	w.after(w.duration(), func() { w.outage = false })
}

func full(w *World) {
	w.full = true
	w.after(w.duration(), func() { w.full = false })
}

// unserved makes a kind's standby end on one replica, for a while.
func unserved(w *World) {
	p := w.anyProcess()
	if p == nil || p.feed == nil || len(p.kinds) == 0 {
		return
	}
	k := p.kinds[w.rng.IntN(len(p.kinds))]
	if !k.served {
		return
	}
	p.deliver(streamServe, func() {
		p.put(elect.Serves{Shard: k.shard})
		p.after(w.duration(), streamServe, func() { p.put(elect.Serves{Shard: k.shard, OK: true}) })
	})
}

// stopFaults ends what is going on. From here on the fleet must come to rest.
func (w *World) stopFaults() {
	w.trace(nil, "no more faults")
	w.outage, w.full = false, false
	for _, p := range w.procs {
		if !p.alive {
			continue
		}
		w.heal(p)
		if p.paused {
			p.resume()
		}
		for _, k := range p.kinds {
			if k.work != nil && !k.work.asked {
				k.work.manner = quick
			}
		}
	}
	if len(w.pods) == 0 {
		w.newPod(false)
	}
	w.check.watchOwners()
}
