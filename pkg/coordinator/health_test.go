package coordinator_test

import (
	"context"
	"testing"
	"time"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

// TestCheckIgnoresClocksThatAreSet: it goes by the monotonic clock, which a time has
// until it is rounded. Virtual time has none.
func TestCheckIgnoresClocksThatAreSet(t *testing.T) {
	run := coordinator.ReconcilerFunc(func(context.Context, lease.Term) error { return nil })
	c, err := coordinator.NewWithLeases(leaseapi.New().Client(nil), quiet("op-0"), coordinator.Kind{GroupKind: groupKind("Queue"), Reconciler: run})
	if err != nil {
		t.Fatal(err)
	}
	if last := coordinator.CameRound(c); last == last.Round(0) {
		t.Errorf("it last came round at %v, which is no monotonic time", last)
	}
}

// TestHealthzAdaptor: it passes before there is a coordinator and while it owns
// nothing, and says what the coordinator says.
func TestHealthzAdaptor(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var a coordinator.HealthzAdaptor
		if err := a.Check(nil); err != nil || a.Name() != "kindred" {
			t.Errorf("before there is a coordinator %q says %v", a.Name(), err)
		}
		f, letGo := newFleet(t), make(chan struct{})
		r := f.addKinds("op-0", []coordinator.Kind{deaf(letGo)}, keepRunning)
		a.Set(r.Coordinator)
		if err := a.Check(nil); err != nil {
			t.Errorf("before the first election: %v", err)
		}
		time.Sleep(10 * time.Second)
		if err := a.Check(nil); err != nil {
			t.Errorf("while it owns a kind: %v", err)
		}
		f.remove(f.leaseName("Queue"))
		time.Sleep(30 * time.Second)
		if err := a.Check(nil); err == nil {
			t.Error("it passes with a reconciler that is stuck")
		}
		close(letGo)
		time.Sleep(30 * time.Second)
		if err := a.Check(nil); err != nil {
			t.Errorf("after the reconciler has returned: %v", err)
		}
	})
}
