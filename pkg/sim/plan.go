package sim

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// class is what a schedule is about. Most faults come with others.
type class string

const (
	calm    class = "calm" // no faults: only replicas that come and go as they should
	network class = "network"
	pauses  class = "pauses"
	crashes class = "crashes"
	mixed   class = "mixed"
	hands   class = "hands"  // people edit and delete Leases
	plains  class = "plains" // plain client-go electors compete
)

// plan is what is drawn before a run begins.
type plan struct {
	class            class
	calm             bool
	replicas, kinds  int
	timing           lease.Timing
	rebalance, drain time.Duration
	weights          []int64
	// appears is when the API server begins to serve each kind.
	appears []time.Duration
	// weak pods are of an older revision, which does not serve the last kind.
	weak int
	// kubelet says that the replicas may see Pods.
	kubelet bool
	// ppm bounds how much faster or slower than true time a clock runs.
	ppm int
	// deaf and failing are how many of a thousand reconcilers ignore their context,
	// and end by themselves. slowest is how long a slow one takes to return.
	deaf, failing int
	slowest       time.Duration
	// quietAt is when the last fault ends, settledAt when nothing may move any more,
	// endAt when all replicas are told to leave, overAt when they must have left.
	quietAt, settledAt, endAt, overAt time.Duration
	// ownerless bounds the time without an owner after quietAt, handover the same
	// in a calm schedule, after the reconciler before has returned.
	ownerless, handover time.Duration
}

var timings = []lease.Timing{
	{LeaseDuration: 15 * time.Second, RenewDeadline: 10 * time.Second, RetryPeriod: 2 * time.Second},
	{LeaseDuration: 15 * time.Second, RenewDeadline: 10 * time.Second, RetryPeriod: 2 * time.Second},
	{LeaseDuration: 6 * time.Second, RenewDeadline: 4 * time.Second, RetryPeriod: time.Second},
	{LeaseDuration: 20 * time.Second, RenewDeadline: 18 * time.Second, RetryPeriod: 5 * time.Second},
}

func drawPlan(rng *rand.Rand, b *breaks, wanted class) plan {
	classes := []class{calm, network, pauses, crashes, mixed, mixed, hands, plains}
	p := plan{
		class:    classes[rng.IntN(len(classes))],
		replicas: 2 + rng.IntN(4), kinds: 1 + rng.IntN(6),
		timing:    timings[rng.IntN(len(timings))],
		rebalance: time.Duration(1+rng.IntN(5)) * time.Second,
		drain:     time.Duration(5+rng.IntN(16)) * time.Second,
		ppm:       b.ppm(),
	}
	if only := cmp.Or(wanted, b.class()); only != "" {
		p.class = only
	}
	p.calm = p.class == calm
	p.slowest = min(8*time.Second, p.drain-time.Second)
	if rng.IntN(4) == 0 {
		p.ppm /= 100 // as real machines are
	}
	if !p.calm {
		p.deaf, p.failing = 60, 60
	}
	p.kubelet = rng.IntN(2) == 0
	unequal := rng.IntN(5) == 0 && b.Broken != Oscillate
	for range p.kinds {
		weight, appears := int64(1), time.Duration(0)
		if unequal {
			weight = int64(1 + rng.IntN(5))
		}
		if rng.IntN(6) == 0 {
			appears = time.Duration(rng.IntN(30)) * time.Second
		}
		p.weights, p.appears = append(p.weights, weight), append(p.appears, appears)
	}
	if p.kinds > 1 && rng.IntN(6) == 0 {
		p.weak = 1 + rng.IntN(p.replicas)
	}
	t := p.timing
	p.quietAt = time.Duration(40+rng.IntN(60)) * time.Second
	// A Lease that nobody renews is watched for its whole duration, by a slow clock;
	// a stuck reconciler is given its time first; a campaign that was refused waits
	// out one Lease more; and the watch and the tries take some periods.
	p.ownerless = t.LeaseDuration*21/10 + p.drain + 4*t.RetryPeriod
	p.handover = t.RetryPeriod*7/2 + 2*time.Second
	p.settledAt = p.quietAt + 2*p.ownerless + 30*time.Second
	p.endAt = p.settledAt + 20*time.Second
	p.overAt = p.endAt + p.drain + 2*t.RetryPeriod + 5*time.Second
	return p
}

func (p plan) equalWeights() bool {
	for _, w := range p.weights {
		if w != p.weights[0] {
			return false
		}
	}
	return true
}

func (p plan) String() string {
	return fmt.Sprintf("%s: %d replicas (%d of an older revision), kinds of weight %v, %v/%v/%v, rebalance %v, drain %v, clocks ±%d ppm, faults until %v, over at %v",
		p.class, p.replicas, p.weak, p.weights, p.timing.LeaseDuration, p.timing.RenewDeadline, p.timing.RetryPeriod,
		p.rebalance, p.drain, p.ppm, p.quietAt, p.overAt)
}
