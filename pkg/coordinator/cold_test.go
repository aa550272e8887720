package coordinator_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// cold is a kind whose standby is cold.
func cold(f *fleet, name string, standby func(ctx context.Context) error) coordinator.Kind {
	return coordinator.Kind{GroupKind: groupKind("Queue"), Standby: coordinator.Cold, Reconciler: warm{f.reconciler(name, "Queue"), standby}}
}

// A cold standby runs on the owner only, from before the work until after it, and
// the Lease is held until it has ended.
func TestColdStandbyRunsWithItsTerm(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		var up, calls atomic.Int32
		for _, name := range names(2) {
			f.addKinds(name, []coordinator.Kind{cold(f, name, func(ctx context.Context) error {
				if up.Add(1) != 1 {
					t.Error("two cold standbys run at once")
				}
				calls.Add(1)
				defer up.Add(-1)
				<-ctx.Done()
				f.mu.Lock()
				running := f.running["Queue"]
				f.mu.Unlock()
				if running != "" {
					t.Error("the standby was told to stop before the reconciler had returned")
				}
				time.Sleep(2 * time.Second) // an informer that takes its time to stop
				if l := f.lease("Queue"); l == nil || *l.Spec.HolderIdentity == "" {
					t.Error("the Lease was released before the standby had ended")
				}
				return nil
			})})
		}
		time.Sleep(20 * time.Second)
		first := f.owners()["Queue"]
		if first == "" || up.Load() != 1 || calls.Load() != 1 {
			t.Fatalf("Queue is owned by %q, %d standbys run and %d were started, want one of each", first, up.Load(), calls.Load())
		}
		if err := f.stop(first); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if second := f.owners()["Queue"]; second == "" || second == first || up.Load() != 1 || calls.Load() != 2 {
			t.Errorf("then it is owned by %q, %d standbys run and %d were started", second, up.Load(), calls.Load())
		}
	})
}

// A replica without a running standby offers a cold kind; one whose standby fails in
// the term gives it up, to another.
func TestColdStandbyThatFailsEndsTheTerm(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		f.addKinds("a-broken", []coordinator.Kind{cold(f, "a-broken", func(context.Context) error {
			time.Sleep(time.Second)
			return errors.New("no informer")
		})})
		time.Sleep(1500 * time.Millisecond)
		if f.started() == 0 {
			t.Error("the replica did not take part although its standby is cold")
		}
		f.addKinds("b-well", []coordinator.Kind{cold(f, "b-well", func(ctx context.Context) error {
			<-ctx.Done()
			return nil
		})})
		time.Sleep(2 * time.Minute)
		if got := f.owners()["Queue"]; got != "b-well" {
			t.Errorf("Queue is owned by %q, want the replica whose standby works", got)
		}
	})
}

// A cold standby that does not stop is stuck as its reconciler would be.
func TestColdStandbyThatDoesNotStopIsStuck(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		free := make(chan struct{})
		r := f.addKinds("op-0", []coordinator.Kind{cold(f, "op-0", func(context.Context) error {
			<-free
			return nil
		})}, func(o *coordinator.Options) { o.Stuck, o.DrainTimeout = coordinator.KeepRunning, 5*time.Second })
		time.Sleep(5 * time.Second)
		delete(f.replicas, "op-0")
		r.cancel()
		time.Sleep(4 * time.Second)
		if err := r.Check(nil); err != nil {
			t.Errorf("it is stuck before the drain timeout: %v", err)
		}
		<-r.done
		if !errors.Is(r.err, coordinator.ErrStuck) {
			t.Errorf("Run returned %v, want ErrStuck", r.err)
		}
		close(free)
	})
}

// A bucket that is won while the standby of the kind is stuck waits for it, but no longer
// than its term lasts.
func TestColdStandbyThatIsStuckHoldsNoOtherTerm(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f, free := newFleet(t), make(chan struct{})
		run := coordinator.ReconcilerFunc(func(ctx context.Context, _ lease.Term) error {
			<-ctx.Done()
			return nil
		})
		r := f.addKinds("op-0", []coordinator.Kind{{GroupKind: groupKind("Queue"), Standby: coordinator.Cold, Buckets: 2,
			Reconciler: warm{run, func(context.Context) error { <-free; return nil }}}},
			func(o *coordinator.Options) { o.Stuck, o.DrainTimeout = coordinator.KeepRunning, 5*time.Second })
		time.Sleep(5 * time.Second)
		leases, names := f.api.Client(nil).Leases("default"), [2]string{}
		for i, shard := range lease.ShardsOf(groupKind("Queue"), 2) {
			var err error
			if names[i], err = shard.Name("op"); err != nil {
				t.Fatal(err)
			}
		}
		holder := func(name string) string {
			l, err := leases.Get(t.Context(), name, metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			return *l.Spec.HolderIdentity
		}
		taken, err := leases.Get(t.Context(), names[0], metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		*taken.Spec.HolderIdentity = "crashed"
		if _, err := leases.Update(t.Context(), taken, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		f.remove(names[1]) // the last term that is left: the standby has to stop, and does not
		time.Sleep(30 * time.Second)
		if got := holder(names[0]); got != r.Identity() || len(r.Terms(groupKind("Queue"))) != 0 {
			t.Fatalf("the Lease of the first bucket names %q, and %v have begun; want it won and none begun", got, r.Terms(groupKind("Queue")))
		}
		delete(f.replicas, "op-0")
		r.cancel()
		<-r.done
		if got := holder(names[0]); got != "" || !errors.Is(r.err, coordinator.ErrStuck) || strings.Contains(r.err.Error(), "0-of-2") {
			t.Errorf("Run returned %v with the Lease of the first bucket held by %q, want only the second stuck", r.err, got)
		}
		close(free)
	})
}

// The buckets that a replica owns of a kind share its cold standby. It runs from the
// first of their terms to the last.
func TestColdStandbyIsSharedByBuckets(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		up, calls := map[string]*atomic.Int32{}, map[string]*atomic.Int32{}
		for _, name := range names(2) { // before anybody reads them
			up[name], calls[name] = new(atomic.Int32), new(atomic.Int32)
		}
		for _, name := range names(2) {
			run := coordinator.ReconcilerFunc(func(ctx context.Context, _ lease.Term) error {
				time.Sleep(time.Millisecond) // both start at once
				if up[name].Load() != 1 {
					t.Errorf("%s works on a bucket and has %d standbys", name, up[name].Load())
				}
				<-ctx.Done()
				return nil
			})
			f.addKinds(name, []coordinator.Kind{{GroupKind: groupKind("Queue"), Standby: coordinator.Cold, Buckets: 4, Reconciler: warm{run, func(ctx context.Context) error {
				if up[name].Add(1) != 1 {
					t.Errorf("%s has two standbys at once", name)
				}
				defer up[name].Add(-1)
				calls[name].Add(1)
				<-ctx.Done()
				time.Sleep(time.Second)
				return nil
			}}}})
			time.Sleep(10 * time.Second)
		}
		for name, owned := range map[string]int{"op-0": 2, "op-1": 2} {
			if got := len(f.replicas[name].Terms(groupKind("Queue"))); got != owned || up[name].Load() != 1 || calls[name].Load() != 1 {
				t.Errorf("%s owns %d buckets, has %d standbys and has started %d; want %d and one of each", name, got, up[name].Load(), calls[name].Load(), owned)
			}
		}
		if err := f.stop("op-0"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		if up["op-0"].Load() != 0 || len(f.replicas["op-1"].Terms(groupKind("Queue"))) != 4 || calls["op-1"].Load() != 1 {
			t.Errorf("op-0 still has %d standbys, op-1 owns %v and has started %d", up["op-0"].Load(), f.replicas["op-1"].Terms(groupKind("Queue")), calls["op-1"].Load())
		}
	})
}

func TestColdStandbyIsChecked(t *testing.T) {
	run := coordinator.ReconcilerFunc(func(context.Context, lease.Term) error { return nil })
	_, err := coordinator.NewWithLeases(nil, quiet("op-0"),
		coordinator.Kind{GroupKind: groupKind("Queue"), Reconciler: run, Standby: coordinator.Cold},
		coordinator.Kind{GroupKind: groupKind("Topic"), Reconciler: run, Standby: 7},
	)
	for _, want := range []string{"kind Queue.sample.kindred.dev asks for a cold standby", "kind Topic.sample.kindred.dev has the standby policy 7"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
}
