package sim

import (
	"flag"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	seedFlag  = flag.Uint64("sim.seed", 0, "run the schedules from this seed on; 0 for a fixed start")
	runsFlag  = flag.Int("sim.runs", 0, "how many schedules to run; 0 for a number that suits go test")
	classFlag = flag.String("sim.class", "", "run schedules of one class only")
	traceFlag = flag.Bool("sim.trace", false, "write the whole trace of the first violation, or of a single run")
)

// tail is how many lines before a violation are shown.
const tail = 60

func report(v *Violation, broken Broken) string {
	var lines []string
	Run(Options{Seed: v.Seed, Broken: broken, Class: *classFlag, Trace: func(line string) { lines = append(lines, line) }})
	first := lines[0]
	if !*traceFlag && len(lines) > tail {
		lines = lines[len(lines)-tail:]
	}
	return fmt.Sprintf("%v\n%s\n...\n%s\nreplay: make sim SEED=%d RUNS=1", v, first, strings.Join(lines, "\n"), v.Seed)
}

// runMany runs schedules on all cores and calls found for each violation.
func runMany(from uint64, n int, found func(*Violation) (enough bool)) Stats {
	var total Stats
	var mu sync.Mutex
	var next atomic.Uint64
	var done atomic.Bool
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for !done.Load() {
				i := next.Add(1) - 1
				if i >= uint64(n) {
					return
				}
				stats, violation := Run(Options{Seed: from + i, Class: *classFlag})
				mu.Lock()
				total.Add(stats)
				if violation != nil && found(violation) {
					done.Store(true)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return total
}

// TestSimulation runs schedules with faults and wants every invariant to hold at
// every step. make sim runs more of them.
func TestSimulation(t *testing.T) {
	from, runs := *seedFlag, *runsFlag
	if from == 0 {
		from = 1
	}
	if runs == 0 {
		runs = defaultRuns
	}
	began := time.Now()
	rules := map[string]int{}
	total := runMany(from, runs, func(v *Violation) bool {
		rules[v.Rule]++
		if rules[v.Rule] == 1 {
			t.Error(report(v, ""))
		} else {
			t.Error(v)
		}
		return rules[v.Rule] >= 5
	})
	t.Logf("seeds %d to %d in %v\n%s", from, from+uint64(runs)-1, time.Since(began).Round(time.Millisecond), total)
}
