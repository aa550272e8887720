package elect

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

var (
	fleetSeed = flag.Uint64("layouts.seed", 1, "the first seed of TestLayoutsNeverOverlap")
	fleetRuns = flag.Uint64("layouts.runs", 100, "how many seeds TestLayoutsNeverOverlap runs")
)

// TestLayoutsNeverOverlap runs fleets of cores that split one kind in different ways
// against one store, in which every write and read happens at one moment some time
// after it was sent and some time before it is answered. Processes stop for longer
// than a Lease and go on, die, and come back with another number of buckets. At no time
// may two of them act on the same object, and in the end somebody must own all of it.
func TestLayoutsNeverOverlap(t *testing.T) {
	acted, evicted, gaveUp := 0, 0, 0
	for seed := *fleetSeed; seed < *fleetSeed+*fleetRuns; seed++ {
		f := newLayoutFleet(t, seed)
		f.life()
		acted, evicted, gaveUp = acted+f.acted, evicted+f.evicted, gaveUp+f.gaveUp
		if t.Failed() {
			t.Fatalf("seed %d: go test ./pkg/elect -run LayoutsNeverOverlap -layouts.seed %[1]d -layouts.runs 1", seed)
		}
	}
	t.Logf("%d terms, %d evictions, %d that gave up after their check", acted, evicted, gaveUp)
	if evicted == 0 || gaveUp == 0 {
		t.Error("nothing has ever been evicted, or nobody has ever given up: the schedules do not show anything")
	}
}

// layoutFleet is the store, the time and the processes.
type layoutFleet struct {
	t       *testing.T
	rng     *rand.Rand
	now     time.Time
	version int
	leases  map[string]*lease.Record // ownership Leases by name
	log     []lease.Event            // all that the watch tells, in order
	procs   []*layoutProc
	started int

	acted, evicted, gaveUp int
}

// layoutProc is one process with the least of a shell around its core.
type layoutProc struct {
	f      *layoutFleet
	name   string
	of     int
	core   *Core
	told   int // how much of the log it has been told
	queue  []Event
	calls  []*layoutCall
	frozen time.Time // stands still until then
	woken  bool      // this is its first turn after that
	deaf   time.Time // its watch tells nothing until then
	gone   bool
	terms  map[lease.Shard]*layoutTerm
}

// layoutTerm is an elector, and perhaps the reconciler of its term.
type layoutTerm struct {
	term        *lease.Term
	renewed     time.Time // when the last renewal that succeeded was sent
	next        time.Time
	calling     bool
	halted      bool
	until       time.Time // the right to write
	running     bool
	returnsAt   time.Time // zero before it is cancelled
	electorOver bool
}

// layoutCall is a request: it is carried out at one time and answered at another.
type layoutCall struct {
	at, answered time.Time
	do           func()
	answer       func()
	done         bool
}

const layoutKind = "Database.example.com"

func newLayoutFleet(t *testing.T, seed uint64) *layoutFleet {
	return &layoutFleet{
		t: t, rng: rand.New(rand.NewPCG(seed, 7)), now: time.Unix(1_000_000, 0), leases: map[string]*lease.Record{},
		log: []lease.Event{{Kind: lease.Synced}},
	}
}

func (f *layoutFleet) upTo(d time.Duration) time.Duration {
	return time.Duration(f.rng.Int64N(int64(d)))
}

func (f *layoutFleet) start(of int) {
	f.started++
	p := &layoutProc{f: f, name: fmt.Sprintf("p%d", f.started), of: of, terms: map[lease.Shard]*layoutTerm{}}
	config := Config{
		Identity: p.name + "_1", Component: "op", Timing: lease.Timing{}.WithDefaults(), Revision: fmt.Sprint(of),
		RebalanceDelay: 3 * time.Second, DrainTimeout: 20 * time.Second,
	}
	for _, shard := range lease.ShardsOf(lease.ParseShard(layoutKind).Kind, of) {
		config.Shards = append(config.Shards, ShardConfig{Shard: shard, Weight: 1})
		p.queue = append(p.queue, Serves{Shard: shard, OK: true})
	}
	p.core = New(config)
	f.procs = append(f.procs, p)
}

// life is what happens to a fleet.
func (f *layoutFleet) life() {
	layouts := []int{0, 2, 3}
	any := func() int { return layouts[f.rng.IntN(len(layouts))] }
	for range 3 {
		f.start(any())
	}
	for range 25 {
		f.run(f.upTo(10 * time.Second))
		for len(f.procs) < 2 {
			f.start(any())
		}
		p := f.procs[f.rng.IntN(len(f.procs))]
		for _, p := range f.procs {
			if f.rng.IntN(3) == 0 {
				p.deaf = f.now.Add(f.upTo(8 * time.Second))
			}
		}
		switch f.rng.IntN(5) {
		case 0, 1:
			p.frozen, p.woken = f.now.Add(f.upTo(30*time.Second)), f.rng.IntN(2) == 0
			p.deaf = p.frozen.Add(f.upTo(2 * time.Second))
		case 2:
			f.start(any())
		case 3:
			if len(f.procs) > 2 {
				p.queue = append(p.queue, Shutdown{})
			}
		case 4:
			if len(f.procs) > 2 {
				p.die()
			}
		}
	}
	last := any()
	for _, p := range slices.Clone(f.procs) {
		p.frozen = time.Time{}
		p.queue = append(p.queue, Shutdown{})
		f.start(last)
	}
	f.run(time.Minute)
	for range 60 { // a part may just be on its way to another replica
		if f.owned() == max(last, 1) || f.t.Failed() {
			return
		}
		f.run(time.Second)
	}
	f.t.Errorf("in the end %d of %d parts are owned", f.owned(), max(last, 1))
}

func (f *layoutFleet) owned() int {
	n := 0
	for _, p := range f.procs {
		for _, t := range p.terms {
			if p.acts(t) {
				n++
			}
		}
	}
	return n
}

// run lets some time pass.
func (f *layoutFleet) run(d time.Duration) {
	const tick = 50 * time.Millisecond
	for end := f.now.Add(d); f.now.Before(end) && !f.t.Failed(); f.now = f.now.Add(tick) {
		for _, p := range slices.Clone(f.procs) {
			for _, call := range p.calls { // also of a process that stands still, or is gone
				if !call.done && !f.now.Before(call.at) {
					call.done = true
					call.do()
				}
			}
			if !f.now.Before(p.frozen) && !p.gone {
				p.turn()
			}
		}
		f.procs = slices.DeleteFunc(f.procs, func(p *layoutProc) bool {
			return p.gone && !slices.ContainsFunc(p.calls, func(c *layoutCall) bool { return !c.done })
		})
		f.check()
	}
}

// check is the reason for all this.
func (f *layoutFleet) check() {
	var acting []lease.Shard
	for _, p := range f.procs {
		for _, s := range p.core.shards {
			shard := s.id
			if t := p.terms[shard]; t == nil || !p.acts(t) {
				continue
			}
			for _, other := range acting {
				if other.Of != shard.Of || other == shard {
					f.t.Errorf("%v: %s acts on %s while somebody does on %s", f.now.Sub(time.Unix(1_000_000, 0)), p.name, shard, other)
				}
			}
			acting = append(acting, shard)
		}
	}
}

// acts says whether the reconciler of a term is at work, as far as it knows, or may
// still write.
func (p *layoutProc) acts(t *layoutTerm) bool {
	return !p.gone && !p.f.now.Before(p.frozen) && t.running && (t.returnsAt.IsZero() || p.f.now.Before(t.until))
}

func (p *layoutProc) die() {
	p.gone = true
	p.terms = map[lease.Shard]*layoutTerm{}
}

// call sends a request.
func (p *layoutProc) call(do, answer func()) {
	f := p.f
	if p.woken { // a renewal that is faster than the core
		do()
		answer()
		return
	}
	at := f.now.Add(f.upTo(300 * time.Millisecond))
	p.calls = append(p.calls, &layoutCall{at: at, answered: at.Add(f.upTo(300 * time.Millisecond)), do: do, answer: answer})
}

// put writes a Lease, at once, and tells the watch.
func (f *layoutFleet) put(name string, r lease.Record) lease.Record {
	f.version++
	r.Version = fmt.Sprint(f.version)
	f.leases[name] = &r
	f.log = append(f.log, lease.Event{Kind: lease.OwnerSeen, Name: name, Version: r.Version, Record: r})
	return r
}
