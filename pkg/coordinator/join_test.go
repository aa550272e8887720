package coordinator_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

func TestTwoReplicasWithOneIdentity(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		same := func(o *coordinator.Options) { o.Identity = "same" }
		f.add("first", five, same)
		time.Sleep(10 * time.Second)
		second := f.add("second", five, same)
		<-second.done
		delete(f.replicas, "second")
		if !errors.Is(second.err, coordinator.ErrIdentityInUse) || !strings.Contains(second.err.Error(), `"same"`) {
			t.Errorf("Run returned %v, want ErrIdentityInUse that names the identity", second.err)
		}
		f.wantOwned(5)
	})
}

func TestIdentityOfAnEarlierLifeIsTakenUp(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		same := func(o *coordinator.Options) { o.Identity = "op-0" }
		first := f.add("first", five, same)
		time.Sleep(10 * time.Second)
		// It ends without a word: nothing that it sends arrives any more.
		first.breakWith(leaseapi.Fault{Err: errDown})
		first.cancel()
		<-first.done
		delete(f.replicas, "first")
		f.add("second", five, same)
		time.Sleep(40 * time.Second)
		f.wantOwned(5)
	})
}

func TestKindThatArrivesLate(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		var installed atomic.Bool
		late := func(o *coordinator.Options) {
			o.KindExists = func(_ context.Context, kind schema.GroupKind) error {
				if kind.Kind == "Topic" && !installed.Load() {
					return fmt.Errorf("no %s", kind)
				}
				return nil
			}
		}
		f.add("op-0", five, late)
		f.add("op-1", five, late)
		time.Sleep(30 * time.Second)
		if got := len(f.owners()); got != 4 {
			t.Errorf("%d kinds are owned, want the four that exist", got)
		}
		installed.Store(true)
		time.Sleep(35 * time.Second)
		f.wantOwned(2, 3)
	})
}

// warm is a reconciler with a standby that can be made to fail.
type warm struct {
	coordinator.Reconciler
	standby func(ctx context.Context) error
}

func (w warm) Standby(ctx context.Context) error { return w.standby(ctx) }

func TestStandbyRunsOnEveryReplicaAndOutlivesTheTerms(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		var up atomic.Int32
		for _, name := range names(2) {
			f.addKinds(name, []coordinator.Kind{{GroupKind: groupKind("Queue"), Reconciler: warm{
				coordinator.ReconcilerFunc(func(ctx context.Context, term lease.Term) error {
					defer f.began(name, "Queue", term)()
					<-ctx.Done()
					if ctx.Err() != nil && up.Load() == 0 {
						t.Error("a standby ended before the reconciler had returned")
					}
					return nil
				}),
				func(ctx context.Context) error {
					up.Add(1)
					defer up.Add(-1)
					<-ctx.Done()
					return nil
				},
			}}})
		}
		time.Sleep(20 * time.Second)
		if up.Load() != 2 {
			t.Errorf("%d standbys run, want one on each of two replicas", up.Load())
		}
		f.wantOwned(0, 1)
	})
}

func TestStandbyThatFailsTakesPartInNoElection(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		f.addKinds("a-broken", []coordinator.Kind{{GroupKind: groupKind("Queue"), Reconciler: warm{
			f.reconciler("a-broken", "Queue"),
			func(context.Context) error { return errors.New("no informer") },
		}}})
		f.add("b-well", []string{"Queue"})
		time.Sleep(2 * time.Minute)
		if got := f.owners()["Queue"]; got != "b-well" {
			t.Errorf("Queue is owned by %q, want the replica whose standby works", got)
		}
	})
}

func TestConfigurationErrorsAllAtOnce(t *testing.T) {
	run := coordinator.ReconcilerFunc(func(context.Context, lease.Term) error { return nil })
	_, err := coordinator.New(nil, coordinator.Options{
		Component: strings.Repeat("c", 60), Capacity: -1, DrainTimeout: -1, Stuck: 7,
		Timing: lease.Timing{LeaseDuration: 1500 * time.Millisecond, RenewDeadline: 2 * time.Second, RetryPeriod: 3 * time.Second},
	},
		coordinator.Kind{GroupKind: groupKind("Queue"), Reconciler: run},
		coordinator.Kind{GroupKind: groupKind("Queue"), Reconciler: run},
		coordinator.Kind{GroupKind: groupKind("QUEUE"), Reconciler: run},
		coordinator.Kind{GroupKind: groupKind("Topic"), Weight: -1},
		coordinator.Kind{GroupKind: schema.GroupKind{Group: strings.Repeat("g", 60) + "." + strings.Repeat("h", 60) + "." + strings.Repeat("i", 63), Kind: "VeryLong"}, Reconciler: run},
	)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"namespace is empty", "leaseDuration is 1.5s: it must be whole seconds", "renewDeadline is 2s: it must be greater than retryPeriod",
		"renewDeadline is 2s: it must be less than leaseDuration", "capacity is -1", "drainTimeout is -1ns", "stuck policy 7",
		"kind Queue.sample.kindred.dev is registered twice", "would share the Lease", "kind Topic.sample.kindred.dev has no Reconciler",
		"has weight -1", "shorten the component name", "config is nil",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
}
