package sim

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/kindred-k8s/kindred/pkg/elect"
)

// Day is a fleet and what happens to it in a long time: rolling updates, crashes, and
// load that changes, on a network and an API server that work. RunDay runs it.
type Day struct {
	Seed            uint64
	Kinds, Replicas int
	Length          time.Duration
	// Rollouts and Crashes happen at times that are spread over the length. Every
	// second crash is that of a node, which nobody reports; in the others the
	// container ends and is started again.
	Rollouts, Crashes int
	Load              Load
	// Progress, if given, is called now and then with the time that has been simulated.
	Progress func(done time.Duration)
}

// Validate returns everything that is wrong with it.
func (d Day) Validate() error {
	var errs []error
	for _, n := range []struct {
		name        string
		value, from int
		most        int
	}{{"kinds", d.Kinds, 1, 10_000}, {"replicas", d.Replicas, 1, 1000}, {"rollouts", d.Rollouts, 0, 1000}, {"crashes", d.Crashes, 0, 10_000}} {
		if n.value < n.from || n.value > n.most {
			errs = append(errs, fmt.Errorf("%s is %d: it must be from %d to %d", n.name, n.value, n.from, n.most))
		}
	}
	if d.Length < 10*time.Minute || d.Length > 366*24*time.Hour {
		errs = append(errs, fmt.Errorf("the length is %v: it must be from 10 minutes to a year", d.Length))
	}
	if err := d.Load.validate(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

const (
	// warmUp is left to the fleet before anything happens to it, and is not reported.
	warmUp = 2 * time.Minute
	// settle is how long nothing must have happened before time leaps: longer than the
	// delay before a move, a grace, and a slow request.
	settle = 7 * time.Second
	// farLeap bounds a leap, nearLeap one in the time after something has happened in
	// which replicas have timers of up to ten minutes.
	farLeap, nearLeap, near = 5 * time.Minute, time.Minute, 12 * time.Minute
)

// day is the state of RunDay beside the World's.
type day struct {
	Day
	w *World
	// stirred is when something last happened other than that somebody lived on,
	// disturbed when somebody made something happen.
	stirred, disturbed time.Duration
	updating           *deployment
	plans              planner
	load               *loads
	report             Report
	owners             []owning
	rolled             int  // rolling updates that have ended
	begun              bool // the warm-up is over
}

// RunDay simulates a day. It ends early with ctx's error, or with an error that names
// the invariant that was broken. The same Day gives the same report.
func RunDay(ctx context.Context, d Day) (Report, error) {
	if err := d.Validate(); err != nil {
		return Report{}, err
	}
	y := &day{Day: d, owners: make([]owning, d.Kinds), load: newLoads(d)}
	w := newWorldOf(Options{Seed: d.Seed}, y, func(rng *rand.Rand, b *breaks) plan {
		p := drawPlan(rng, b, calm)
		p.class, p.calm, p.replicas, p.kinds, p.timing, p.weak, p.kubelet = "day", false, d.Replicas, d.Kinds, timings[0], 0, true
		p.rebalance, p.drain, p.slowest, p.deaf, p.failing, p.ppm = 3*time.Second, 20*time.Second, 2*time.Second, 0, 0, 100
		p.weights, p.appears = make([]int64, d.Kinds), make([]time.Duration, d.Kinds)
		p.quietAt = d.Length + 2*warmUp // never
		p.settledAt, p.endAt, p.overAt = p.quietAt, p.quietAt, warmUp+d.Length
		return p
	})
	y.schedule()
	steps := 0
	for w.violation == nil {
		do, more := w.next(w.plan.overAt)
		if !more {
			break
		}
		do()
		if steps++; steps%4096 == 0 {
			if ctx.Err() != nil {
				return Report{}, ctx.Err()
			}
			if d.Progress != nil {
				d.Progress(max(w.now-warmUp, 0))
			}
		}
	}
	if w.violation != nil {
		return Report{}, w.violation
	}
	return y.finish(), nil
}

// schedule draws when what will happen.
func (y *day) schedule() {
	w := y.w
	w.add(warmUp, y.begin, true)
	spread := func(n int, do func(i int)) {
		for i := range n {
			// One in each part of the day, somewhere in the middle half of it.
			part := y.Length / time.Duration(n)
			w.add(warmUp+time.Duration(i)*part+part/4+w.upTo(part/2), func() {
				y.stirred, y.disturbed = w.now, w.now
				do(i)
			}, true)
		}
	}
	spread(y.Rollouts, func(int) { y.update() })
	spread(y.Crashes, y.crash)
	if y.load != nil {
		for at := warmUp; at < warmUp+y.Length; at += loadEvery {
			w.add(at, y.measure, true)
		}
	}
	w.after(settle, y.look)
}

// update replaces all replicas as a Deployment with a maxSurge of 25 % does.
func (y *day) update() {
	if y.updating != nil {
		return // that one is replaced by this one in truth; here it is left out
	}
	w := y.w
	y.report.Rollouts++
	y.updating = &deployment{
		w: w, replicas: y.Replicas, surge: (y.Replicas + 3) / 4, readyAfter: w.between(5*time.Second, 15*time.Second),
		over: func() {
			y.updating = nil
			w.after(settle, y.rollingTo)
		},
	}
	y.rollingFrom()
	y.updating.update()
}

// crash ends one replica without a word.
func (y *day) crash(i int) {
	p := y.w.anyPod()
	if p == nil || p.proc == nil || !p.proc.alive {
		return
	}
	y.report.Crashes++
	p.nodeGone = i%2 == 1
	p.proc.crash("crashes")
	if p.nodeGone {
		p.remove()
		if y.updating == nil { // a rolling update makes the Pod that is missing itself
			y.w.newPod(false)
		}
	}
}

// configure gives a replica what a day has beside schedules of faults.
func (y *day) configure(c *elect.Config) {
	c.Plan = y.plans.plan
	if y.load != nil {
		for i := range c.Shards {
			c.Shards[i].Learn, c.Shards[i].Weight = true, 0
		}
	}
}

// look leaps over a time in which nothing will happen but that all live on.
func (y *day) look() {
	w := y.w
	if w.now-y.stirred >= settle && y.updating == nil && y.atRest() {
		most := farLeap
		if w.now-y.disturbed < near {
			most = nearLeap
		}
		if d := min(w.nextFixed(w.plan.overAt)-w.now, most); d > settle {
			y.leap(d)
		}
	}
	w.after(time.Second, y.look)
}

// atRest says whether every kind has an owner at work, and every pod a replica that
// is ready.
func (y *day) atRest() bool {
	for i := range y.w.check.shards {
		if y.w.check.shards[i].vacant {
			return false
		}
	}
	for _, p := range y.w.pods {
		if p.proc == nil || !p.proc.alive || p.proc.closing || len(p.proc.member.Serves) != y.Kinds {
			return false
		}
	}
	for _, p := range y.w.procs {
		if p.alive && p.closing {
			return false
		}
	}
	return true
}
