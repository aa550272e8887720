package coordinator_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/tools/leaderelection"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/observe"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

// The hazards of client-go's LeaderElector that need a whole replica to show. The
// plain elector's side of each is in package kubelease, hazards_test.go.

func TestHazard2AnotherHolderEndsTheTermAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		ended := make(chan time.Time, 1)
		f.addKinds("op-0", []coordinator.Kind{{GroupKind: groupKind("Queue"), Reconciler: coordinator.ReconcilerFunc(
			func(ctx context.Context, _ lease.Term) error {
				<-ctx.Done()
				ended <- time.Now()
				return nil
			})}})
		time.Sleep(5 * time.Second)
		edited := time.Now()
		f.edit("Queue", func(holder *string, _ *int32) { *holder = "intruder" })
		if after := (<-ended).Sub(edited); after > time.Second {
			t.Errorf("the term ended %v after the Lease had another holder, want at the watch event", after)
		}
	})
}

func TestHazard3LeaseIsHeldUntilTheWorkHasEnded(t *testing.T) {
	for name, fault := range map[string]leaseapi.Fault{
		"leaving":             {},
		"renewal has failed":  {Err: errDown},
		"renewals never come": {Hang: true},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				f := newFleet(t)
				// Work that takes three seconds to finish once it is told to.
				r := f.addKinds("op-0", []coordinator.Kind{{GroupKind: groupKind("Queue"), Reconciler: coordinator.ReconcilerFunc(
					func(ctx context.Context, term lease.Term) error {
						defer f.began("op-0", "Queue", term)() // checks I2 when it ends
						<-ctx.Done()
						time.Sleep(3 * time.Second)
						return nil
					})}})
				f.add("op-1", []string{"Queue"})
				time.Sleep(10 * time.Second)
				if fault == (leaseapi.Fault{}) {
					r.cancel()
				} else {
					r.breakWith(fault, "update", "get")
				}
				time.Sleep(12 * time.Second)
				r.heal()
				time.Sleep(10 * time.Second)
				if len(f.owners()) != 1 {
					t.Error("Queue has no owner")
				}
			})
		})
	}
}

func TestHazard4AReplicaThatNeverWonStartsAndStopsNothing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		f.add("a-holder", []string{"Queue"})
		time.Sleep(5 * time.Second)
		f.addKinds("b-standby", []coordinator.Kind{{GroupKind: groupKind("Queue"), Reconciler: coordinator.ReconcilerFunc(
			func(context.Context, lease.Term) error {
				t.Error("the reconciler ran on a replica that never owned the kind")
				return nil
			})}})
		time.Sleep(30 * time.Second)
		if err := f.stop("b-standby"); err != nil {
			t.Error(err)
		}
	})
}

// metrics collects the names that client-go's leader election metrics are given.
// TestMain installs it: client-go takes one provider in a process.
type metrics struct {
	mu    sync.Mutex
	names map[string]bool
}

var electorMetrics = &metrics{}

func (m *metrics) NewLeaderMetric() leaderelection.LeaderMetric { return m }
func (m *metrics) On(name string)                               { m.add(name) }
func (m *metrics) Off(name string)                              { m.add(name) }
func (m *metrics) SlowpathExercised(string)                     {}

func (m *metrics) add(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.names != nil {
		m.names[name] = true
	}
}

// record forgets all names and begins to collect.
func (m *metrics) record() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.names = map[string]bool{}
}

// Goroutines that a term leaves behind would end the bubble with a deadlock.
func TestHazard7ManyTermsLeaveNothingBehind(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		electorMetrics.record()
		f := newFleet(t)
		f.add("op-0", []string{"Queue"})
		time.Sleep(5 * time.Second)
		for range 100 {
			f.remove(f.leaseName("Queue"))
			time.Sleep(3 * time.Second)
		}
		if f.started() != 101 {
			t.Errorf("%d terms, want 101: the test shows nothing otherwise", f.started())
		}
		if err := f.stop("op-0"); err != nil {
			t.Error(err)
		}
		if names := electorMetrics.names; len(names) != 1 {
			t.Errorf("the metrics got %d names in 101 terms of one kind: %v", len(names), names)
		}
	})
}

func TestHazard8HealthCheck(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f, hold := newFleet(t), make(chan struct{})
		r := f.add("op-0", five)
		idle := f.add("op-1", []string{"Unused"}, func(o *coordinator.Options) {
			o.Observer = &observe.Hooks{DrainStarted: func(observe.DrainStarted) { <-hold }}
		})
		time.Sleep(time.Minute)
		for name, c := range map[string]*replica{"owner": r, "standby": idle} {
			if err := c.Check(nil); err != nil {
				t.Errorf("the %s is not healthy: %v", name, err)
			}
		}
		// A coordinator that does not come round, here because a hook holds it.
		idle.cancel()
		time.Sleep(time.Minute)
		if idle.Check(nil) == nil {
			t.Error("a coordinator that does not come round is healthy, as client-go's elector would be")
		}
		// One that has left is nobody's problem: the program goes on without it.
		close(hold)
		if err := f.stop("op-1"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if err := idle.Check(nil); err != nil {
			t.Errorf("a coordinator that has left is not healthy: %v", err)
		}
	})
}
