package sim

import (
	"fmt"
	"time"

	"github.com/kindred-k8s/kindred/pkg/elect"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

const component = "op"

// pod is a place for one replica at a time: what a Deployment makes.
type pod struct {
	w     *World
	name  string
	lives int
	// going is set once the pod is to be no more.
	going bool
	// nodeGone: its node is no more, and no kubelet says so.
	nodeGone bool
	proc     *process
	// weak is a replica of an older revision, which does not serve the last kind.
	weak  bool
	plain bool
	// revision is the version of the program, clock the node's.
	revision int
	clock    clock
	// container is what the kubelet has reported last, reported when.
	container lease.Container
	reported  time.Duration
}

func (w *World) newPod(weak bool) *pod {
	w.podCount++
	p := &pod{
		w: w, name: fmt.Sprintf("op-%d", w.podCount), weak: weak, revision: w.revision,
		clock: clock{base: epoch.Add(w.upTo(time.Hour) - 30*time.Minute), ppm: w.drawSpeed()},
	}
	w.pods = append(w.pods, p)
	w.allPods = append(w.allPods, p)
	w.after(w.upTo(time.Second), p.start)
	return p
}

// start begins a new life with a new identity.
func (p *pod) start() {
	if p.going || p.proc != nil && p.proc.alive {
		return
	}
	w := p.w
	p.lives++
	proc := &process{
		w: w, pod: p, identity: fmt.Sprintf("%s_%d", p.name, p.lives), alive: true, born: w.now,
		clock:     p.clock,
		notBefore: map[stream]time.Duration{}, latest: map[string]*object{}, byShard: map[lease.Shard]*kind{},
	}
	p.proc = proc
	w.procs = append(w.procs, proc)
	w.stats.Lives++
	if p.plain {
		proc.startPlain()
		return
	}
	proc.config = elect.Config{
		Identity: proc.identity, Instance: proc.identity, Capacity: 1, Component: component,
		Timing: w.plan.timing, RebalanceDelay: w.plan.rebalance, DrainTimeout: w.plan.drain,
		Revision: fmt.Sprint(p.revision), PodUID: p.name, Container: "main", Started: proc.local(),
	}
	w.kubelet(p, lease.Container{Name: "main", Running: true})
	for i, s := range w.shards {
		if p.weak && i == len(w.shards)-1 {
			continue
		}
		k := &kind{p: proc, index: i, shard: s, name: w.names[i]}
		proc.kinds, proc.byShard[s] = append(proc.kinds, k), k
		proc.config.Shards = append(proc.config.Shards, elect.ShardConfig{Shard: s, Weight: w.plan.weights[i]})
	}
	if w.day != nil {
		w.day.configure(&proc.config)
	}
	proc.core = elect.New(proc.config)
	proc.view.init()
	w.trace(proc, "starts, clock %+d ppm", proc.clock.ppm)
	c := proc.config
	proc.member = lease.Member{
		Identity: c.Identity, Instance: c.Instance, Phase: lease.Starting, Capacity: 1,
		Revision: c.Revision, PodUID: c.PodUID, Container: c.Container,
		Started: c.Started.Unix() + 1,
	}
	proc.join()
}

// drawSpeed: the fastest and the slowest clock differ by less than the margin.
func (w *World) drawSpeed() int64 {
	most := int64(w.plan.ppm)
	return w.rng.Int64N(2*most+1) - most
}

// join is coordinator.join, and what Run starts after it.
func (p *process) join() {
	p.publish(p.member, func(joined bool) {
		switch {
		case p.closing:
			p.alive = false
			p.pod.ended(p)
		case !joined:
			p.after(p.config.Timing.RetryPeriod, streamMember, p.join)
		default:
			p.feed = &feed{p: p, names: map[string]bool{}}
			p.feed.connect()
			p.w.listPods(p)
			if p.w.day != nil {
				p.after(p.w.latency(), streamServe, p.serveAll)
			} else {
				for _, k := range p.kinds {
					p.serve(k, time.Second)
				}
			}
			p.wakeUp()
		}
	})
}

// serve is coordinator.serve: the kind is asked for until it exists.
func (p *process) serve(k *kind, pause time.Duration) {
	p.after(p.w.latency(), streamServe, func() {
		if p.w.now >= p.w.plan.appears[k.index] {
			p.put(elect.Serves{Shard: k.shard, OK: true})
			return
		}
		p.after(pause, streamServe, func() { p.serve(k, min(2*pause, 30*time.Second)) })
	})
}

// shutdown is the SIGTERM of a graceful stop, after which the kubelet waits thirty
// seconds.
func (p *process) shutdown() {
	if !p.alive || p.closing {
		return
	}
	w := p.w
	w.trace(p, "is told to leave")
	p.closing = true
	w.stats.Leaves++
	p.leaveBy = w.now + 30*time.Second
	if p.core == nil {
		p.leavePlain()
	} else if p.feed != nil {
		p.deliver(streamLoop, func() { p.put(elect.Shutdown{}) })
	}
	undisturbed := w.plan.calm || w.quiet()
	w.at(p.leaveBy, func() {
		if p.alive && undisturbed {
			w.fail("liveness", p, "still here 30 s after it was told to leave, and nothing disturbed it")
		}
		p.crash("killed by the kubelet, 30 s after SIGTERM")
	})
}

// ended is called when a life of the pod is over.
func (p *pod) ended(proc *process) {
	if p.nodeGone {
		return // nobody reports it, and nothing starts there again
	}
	p.w.kubelet(p, lease.Container{Name: "main", Finished: p.clock.at(p.w.now).Truncate(time.Second)})
	if p.proc != proc || p.going || p.w.finale {
		return
	}
	delay := p.w.between(time.Second, 15*time.Second)
	if p.w.now+delay > p.w.plan.quietAt {
		delay = min(delay, max(p.w.plan.quietAt-p.w.now, time.Second))
	}
	p.w.after(delay, p.start)
}

// remove is a scale-down or the end of a rollout's old pod.
func (p *pod) remove() {
	p.going = true
	if p.proc != nil {
		p.proc.shutdown()
	}
	for i, other := range p.w.pods {
		if other == p {
			p.w.pods = append(p.w.pods[:i:i], p.w.pods[i+1:]...)
			break
		}
	}
}
