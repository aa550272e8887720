package coordinator_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

// remove deletes a Lease as kubectl delete does.
func (f *fleet) remove(name string) {
	f.t.Helper()
	if err := f.api.Client(nil).Leases("default").Delete(context.Background(), name, metav1.DeleteOptions{}); err != nil {
		f.t.Fatal(err)
	}
	synctest.Wait()
}

// deaf returns a kind whose reconciler ignores its context until let go.
func deaf(letGo <-chan struct{}) coordinator.Kind {
	return coordinator.Kind{GroupKind: groupKind("Queue"), Reconciler: coordinator.ReconcilerFunc(
		func(context.Context, lease.Term) error {
			<-letGo
			return nil
		})}
}

func TestStuckReconcilerEndsTheProcess(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f, letGo := newFleet(t), make(chan struct{})
		exits := make(chan time.Duration, 1)
		r := f.addKinds("op-0", []coordinator.Kind{deaf(letGo)})
		var cut time.Time
		coordinator.SetExit(r.Coordinator, func(code int) {
			if code != coordinator.ExitCodeStuck {
				t.Errorf("exit code %d, want %d", code, coordinator.ExitCodeStuck)
			}
			exits <- time.Since(cut)
		})
		time.Sleep(5 * time.Second)
		cut = time.Now()
		r.breakWith(leaseapi.Fault{Err: errDown})
		after := <-exits
		// The last renewal was at most one retry period before the cut.
		timing := lease.Timing{}.WithDefaults()
		safe := timing.LeaseDuration - timing.Margin()
		if after > safe || after < safe-timing.RetryPeriod {
			t.Errorf("the process would end %v after the last answer, want between %v and %v", after, safe-timing.RetryPeriod, safe)
		}
		if err := r.Check(nil); err == nil {
			t.Error("the health check passes with a reconciler past its term")
		}
		close(letGo)
		r.heal()
		time.Sleep(30 * time.Second)
		if err := r.Check(nil); err != nil {
			t.Errorf("the health check fails after the reconciler returned: %v", err)
		}
	})
}

func TestKeepRunning(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f, letGo := newFleet(t), make(chan struct{})
		keep := func(o *coordinator.Options) { o.Stuck = coordinator.KeepRunning }
		kinds := []coordinator.Kind{deaf(letGo), {GroupKind: groupKind("Topic"), Reconciler: f.reconciler("op-0", "Topic")}}
		r := f.addKinds("op-0", kinds, keep)
		time.Sleep(5 * time.Second)
		f.remove(f.leaseName("Queue"))
		time.Sleep(time.Minute)
		if f.owners()["Topic"] != "op-0" {
			t.Error("the other kind does not go on")
		}
		if _, owned := r.Term(groupKind("Queue")); owned {
			t.Error("the stuck kind was won again while its reconciler still runs")
		}
		if r.Check(nil) == nil {
			t.Error("the health check passes")
		}
		err := f.stop("op-0")
		if !errors.Is(err, coordinator.ErrStuck) {
			t.Errorf("Run returned %v, want ErrStuck", err)
		}
		close(letGo)
	})
}

func TestDrainTimeout(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f, letGo := newFleet(t), make(chan struct{})
		r := f.addKinds("op-0", []coordinator.Kind{deaf(letGo)}, func(o *coordinator.Options) {
			o.Stuck, o.DrainTimeout = coordinator.KeepRunning, 5*time.Second
		})
		time.Sleep(5 * time.Second)
		began := time.Now()
		r.cancel()
		<-r.done
		delete(f.replicas, "op-0")
		if took := time.Since(began); took < 5*time.Second || took > 7*time.Second {
			t.Errorf("Run returned after %v, want the drain timeout of 5 s", took)
		}
		if !errors.Is(r.err, coordinator.ErrStuck) {
			t.Errorf("Run returned %v, want ErrStuck", r.err)
		}
		if holder := *f.lease("Queue").Spec.HolderIdentity; holder != r.Identity() {
			t.Errorf("the Lease names %q, want it left to expire: the reconciler still runs", holder)
		}
		close(letGo)
	})
}
