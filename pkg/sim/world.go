package sim

import (
	"fmt"
	"math/rand/v2"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// epoch is where the processes' clocks begin, more or less.
var epoch = time.Unix(1_800_000_000, 0)

// World is everything in one run.
type World struct {
	schedule
	options Options
	rng     *rand.Rand
	plan    plan
	breaks  *breaks
	store   *store
	shards  []lease.Shard
	pods    []*pod
	procs   []*process
	// running are the reconcilers at work, by shard.
	running  [][]*reconciler
	watchers []*feed

	outage, full bool
	failures     int // how many reconcilers may yet fail by themselves
	podCount     int
	revision     int      // the newest
	allPods      []*pod   // also those that are no more
	finale       bool     // everybody has been told to leave for good
	names        []string // of the shards' Leases
	day          *day     // nil but for RunDay

	check     *checker
	stats     Stats
	violation *Violation
}

// kindName returns KindA to KindZ, and then KindA1 and so on.
func kindName(i int) string {
	name := fmt.Sprintf("Kind%c", 'A'+i%26)
	if i >= 26 {
		name += fmt.Sprint(i / 26)
	}
	return name
}

// Options are what a run is made of.
type Options struct {
	Seed   uint64
	Broken Broken
	// Class makes it a schedule of one class: calm, network, pauses, crashes, mixed,
	// hands or plains. Empty: it is drawn.
	Class string
	// Trace is given every line; nil for none, which is faster.
	Trace func(line string)
}

// Run runs one schedule and returns what it did. The violation, if any, ends it.
func Run(o Options) (Stats, *Violation) {
	w := newWorld(o, func(rng *rand.Rand, b *breaks) plan { return drawPlan(rng, b, class(o.Class)) })
	w.scheduleFaults()
	return w.run()
}

// newWorld returns a world in which the pods of a plan have just been made.
func newWorld(o Options, draw func(*rand.Rand, *breaks) plan) *World { return newWorldOf(o, nil, draw) }

// newWorldOf is newWorld for a day, if y is given.
func newWorldOf(o Options, y *day, draw func(*rand.Rand, *breaks) plan) *World {
	w := &World{day: y, options: o, rng: rand.New(rand.NewPCG(o.Seed, 0x6b696e64726564)), breaks: newBreaks(o.Broken)}
	if y != nil {
		y.w = w
	}
	w.plan = draw(w.rng, w.breaks)
	w.stats = newStats(w.plan.class)
	w.store = newStore(func() time.Duration { return w.now })
	w.check = newChecker(w)
	w.store.changed = w.changed
	w.failures = 3
	for i := range w.plan.kinds {
		kind := schema.GroupKind{Group: "sim.kindred.dev", Kind: kindName(i)}
		shard := lease.ShardOf(kind)
		name, _ := shard.Name(component)
		w.shards, w.names = append(w.shards, shard), append(w.names, name)
	}
	w.running = make([][]*reconciler, w.plan.kinds)
	w.check.begin()
	w.trace(nil, "seed %d, %v", o.Seed, w.plan)
	for i := range w.plan.replicas {
		w.newPod(i < w.plan.weak)
	}
	return w
}

// run lets everything happen.
func (w *World) run() (Stats, *Violation) {
	w.at(w.plan.quietAt, w.stopFaults)
	w.at(w.plan.endAt, w.everybodyLeaves)
	for w.violation == nil {
		do, more := w.next(w.plan.overAt)
		if !more {
			break
		}
		do()
	}
	if w.violation == nil {
		w.check.over()
	}
	w.stats.Virtual = w.now
	return w.stats, w.violation
}

// changed is called for every change in the store, as it happens.
func (w *World) changed(old *object, c change) {
	w.check.changed(old, c)
	if w.day != nil {
		w.day.changed(old, c)
		return
	}
	for _, f := range w.watchers {
		f.offer(c)
	}
}

func (w *World) unwatch(f *feed) {
	for i, other := range w.watchers {
		if other == f {
			w.watchers = append(w.watchers[:i:i], w.watchers[i+1:]...)
			return
		}
	}
}

func (w *World) quiet() bool { return w.now >= w.plan.quietAt }

// everybodyLeaves ends the run as a deployment is deleted: every replica must
// finish, and free what it owns.
func (w *World) everybodyLeaves() {
	w.check.settled()
	w.finale = true
	for _, p := range w.procs {
		p.last = p.alive && !p.closing
		p.shutdown()
	}
}

// upTo draws a duration below d, between one from a up to b.
func (w *World) upTo(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return time.Duration(w.rng.Int64N(int64(d)))
}

func (w *World) between(a, b time.Duration) time.Duration { return a + w.upTo(b-a) }

func (w *World) permille(n int) bool { return n > 0 && w.rng.IntN(1000) < n }
