package fence_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/fence/policy"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// TestReconcilerStartsWhenAdmitted: with policy.Waiter, what a new owner writes
// first is let through at once, and what the one before writes is not.
func TestReconcilerStartsWhenAdmitted(t *testing.T) {
	w := newWorld(t, "Queue")
	pods := map[string]*client{"robot-a": w.pod("robot", "robot-a"), "robot-b": w.pod("robot", "robot-b")}
	w.give("somebody_else")
	w.install()
	w.eventually("the policy is in force", func() error { return refused(w.write(pods["robot-a"], "x")) })
	w.give("")

	var mu sync.Mutex
	before := "" // the Pod that owned the kind last
	terms := 0
	first := func(name string) coordinator.ReconcilerFunc {
		return func(ctx context.Context, _ lease.Term) error {
			mu.Lock()
			if err := w.write(pods[name], name); err != nil {
				t.Errorf("the first write of %s: %v", name, err)
			}
			if before != "" && before != name {
				if err := refused(w.write(pods[before], "stale")); err != nil {
					t.Errorf("%s, which owned the kind before %s: %v", before, name, err)
				}
			}
			before = name
			terms++
			mu.Unlock()
			<-ctx.Done()
			return nil
		}
	}
	start := func(name string) (stop func()) {
		ctx, cancel := context.WithCancel(t.Context())
		admitted, err := policy.Waiter(pods[name].config, w.namespace)
		if err != nil {
			t.Fatal(err)
		}
		discard := logr.Discard()
		c, err := coordinator.New(pods[name].config, coordinator.Options{
			Component: component, Namespace: w.namespace, PodName: name, Admitted: admitted, Logger: &discard,
			Timing: lease.Timing{LeaseDuration: 4 * time.Second, RenewDeadline: 3 * time.Second, RetryPeriod: 500 * time.Millisecond},
		}, coordinator.Kind{GroupKind: w.kind, Reconciler: first(name)})
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- c.Run(ctx) }()
		return func() {
			cancel()
			if err := <-done; err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	count := func() int {
		mu.Lock()
		defer mu.Unlock()
		return terms
	}
	const handoffs = 12
	stops := map[string]func(){"robot-a": start("robot-a")}
	for i := range handoffs {
		for deadline := time.Now().Add(20 * time.Second); count() <= i; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("term %d has not begun in 20 s", i+1)
			}
		}
		now, next := "robot-a", "robot-b"
		if i%2 == 1 {
			now, next = next, now
		}
		stops[next] = start(next)
		time.Sleep(500 * time.Millisecond) // so that it is ready to take over at once
		stops[now]()
		delete(stops, now)
	}
	for _, stop := range stops {
		stop()
	}
}
