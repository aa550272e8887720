package coordinator_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

var (
	layoutSeed = flag.Uint64("layouts.seed", 1, "the first seed of TestAnyRolloutOfLayouts")
	layoutRuns = flag.Uint64("layouts.runs", 40, "how many seeds TestAnyRolloutOfLayouts runs")
)

// Replicas with any number of buckets come, go and come back with another, while
// requests are slow, fail, or lose their answers, and watches break. No object is ever
// with two, and when all is quiet every object is with one.
func TestAnyRolloutOfLayouts(t *testing.T) {
	for seed := *layoutSeed; seed < *layoutSeed+*layoutRuns; seed++ {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			inBubble(t, func(t *testing.T) { anyRollout(t, rand.New(rand.NewPCG(seed, 4))) })
		})
	}
}

func anyRollout(t *testing.T, rng *rand.Rand) {
	f, o := newFleet(t), newObjects(t, 20)
	o.drain = time.Duration(rng.IntN(2000)) * time.Millisecond
	layouts := []int{0, 2, 3}
	trouble := rng.IntN(200) // per mille of the requests
	slow := time.Duration(rng.IntN(400)+1) * time.Millisecond
	// Requests are made one after the other in virtual time, but not always in the same
	// order: a seed does not replay a run exactly.
	faults := func(verb, _ string) leaseapi.Fault {
		fault := leaseapi.Fault{Delay: time.Duration(rand.Int64N(int64(slow)))}
		switch roll := rand.IntN(1000); {
		case roll < trouble/2:
			fault.Err = errDown
		case roll < trouble && verb != "watch":
			fault.LoseAnswer = true
		}
		return fault
	}
	next := 0
	add := func(buckets int) {
		name := fmt.Sprintf("op-%d", next)
		next++
		f.addKinds(name, []coordinator.Kind{o.kind(name, buckets)}, func(opts *coordinator.Options) {
			opts.Revision = fmt.Sprint(buckets)
		}).faulty(faults)
	}
	replicas := func() []string {
		var all []string
		for i := range next {
			if name := fmt.Sprintf("op-%d", i); f.replicas[name] != nil {
				all = append(all, name)
			}
		}
		return all
	}
	for range 3 {
		add(layouts[rng.IntN(len(layouts))])
	}
	for range 20 {
		time.Sleep(time.Duration(rng.IntN(12_000)) * time.Millisecond)
		switch here := replicas(); {
		case rng.IntN(4) == 0:
			f.api.BreakWatches()
		case rng.IntN(2) == 0 && len(here) > 2 || len(here) > 5:
			if err := f.stop(here[rng.IntN(len(here))]); err != nil {
				t.Error(err)
			}
		case rng.IntN(6) == 0 && len(here) > 0:
			r := f.replicas[here[rng.IntN(len(here))]]
			r.breakWith(leaseapi.Fault{Err: errDown}) // cut off, and back
			f.api.BreakWatches()
			time.Sleep(time.Duration(rng.IntN(40_000)) * time.Millisecond)
			r.faulty(faults)
		default:
			add(layouts[rng.IntN(len(layouts))])
		}
	}
	for _, name := range replicas() {
		f.replicas[name].heal()
	}
	// The end of the rollout: all have one number of buckets.
	last := layouts[rng.IntN(len(layouts))]
	for _, name := range replicas() {
		add(last)
		if err := f.stop(name); err != nil {
			t.Error(err)
		}
	}
	for _, name := range replicas() {
		f.replicas[name].heal()
	}
	time.Sleep(time.Minute)
	counts := o.wantAll(last)
	if n := len(counts); last > 0 && (n != min(last, len(f.replicas)) || counts[n-1]-counts[0] > 1) {
		t.Errorf("buckets per replica: %v", counts)
	}
	// What the other layouts have left goes with time, but for the Lease of the whole
	// kind, which keeps its mark.
	want := []string{f.leaseName("Database")}
	for i := range last {
		want = append(want, fmt.Sprintf("%s.%02d-of-%02d", want[0], i, last))
	}
	if got := f.leaseNames(); next > 0 && !slices.Equal(got, want) {
		t.Errorf("the ownership Leases are %v, want %v", got, want)
	}
}
