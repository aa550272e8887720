package coordinator_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/fence"
	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

const oldLock = "op-lock"

func underOldLock(o *coordinator.Options) { o.OldLock = oldLock }

// oldVersion starts a replica that has one lock for all five kinds, and returns a
// function that stops it.
func (f *fleet) oldVersion(name string) (stop func()) {
	f.t.Helper()
	var mu sync.Mutex
	var ended []func()
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Namespace: "default", Name: oldLock},
			Client:     f.api.Client(nil),
			LockConfig: resourcelock.ResourceLockConfig{Identity: name},
		},
		LeaseDuration: lease.DefaultLeaseDuration, RenewDeadline: lease.DefaultRenewDeadline, RetryPeriod: lease.DefaultRetryPeriod,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) {
				mu.Lock()
				defer mu.Unlock()
				for _, kind := range five {
					// It has no Lease of the kind.
					ended = append(ended, f.began(name, kind, lease.Term{UID: name + kind}))
				}
			},
			OnStoppedLeading: func() {},
		},
		ReleaseOnCancel: true,
	})
	if err != nil {
		f.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		elector.Run(logr.NewContext(ctx, logr.Discard()))
	}()
	return func() {
		mu.Lock()
		for _, end := range ended {
			end()
		}
		mu.Unlock()
		cancel()
		<-done
	}
}

// From one lock to a Lease for each kind, and back. The fleet fails the test if two
// reconcilers of a kind ever run at once.
func TestOldLockForwardAndBack(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		stopOld := f.oldVersion("old-0")
		time.Sleep(5 * time.Second)
		for _, name := range names(3) {
			f.add(name, five, underOldLock)
		}
		time.Sleep(time.Minute)
		if owners := f.owners(); len(owners) != 5 || owners["Queue"] != "old-0" {
			t.Errorf("while the old version has its lock the owners are %v", owners)
		}
		stopOld()
		time.Sleep(15 * time.Second)
		f.wantOwned(1, 2, 2)
		if gap := f.gap("Queue"); gap > 2*lease.DefaultRetryPeriod {
			t.Errorf("Queue was without a reconciler for %v after the old lock was released", gap)
		}

		stopOld = f.oldVersion("old-1")
		for _, name := range names(3) {
			time.Sleep(20 * time.Second)
			if owners := f.owners(); owners["Queue"] == "old-1" || len(owners) != 5 {
				t.Errorf("while new replicas live the owners are %v", owners)
			}
			if err := f.stop(name); err != nil {
				t.Errorf("%s: Run returned %v", name, err)
			}
		}
		time.Sleep(10 * time.Second)
		if owners := f.owners(); len(owners) != 5 || owners["Queue"] != "old-1" {
			t.Errorf("when the new version has gone the owners are %v", owners)
		}
		stopOld()
	})
}

// A replica that loses the old lock hands its kinds over and ends, and so do the
// others when it is the Lease itself that is gone.
func TestOldLockLost(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		a, b := f.add("op-0", five, underOldLock), f.add("op-1", five, underOldLock)
		time.Sleep(20 * time.Second)
		f.remove(oldLock)
		for name, r := range map[string]*replica{"op-0": a, "op-1": b} {
			<-r.done
			if !errors.Is(r.err, coordinator.ErrOldLockLost) {
				t.Errorf("%s: Run returned %v, want ErrOldLockLost", name, r.err)
			}
			delete(f.replicas, name)
		}
		for _, kind := range five {
			if l := f.lease(kind); *l.Spec.HolderIdentity != "" {
				t.Errorf("the Lease of %s was left to %s", kind, *l.Spec.HolderIdentity)
			}
		}
	})
}

// A replica whose lock would last longer than the old version's ends at once, and the
// old version works on.
func TestLongerThanTheOldLock(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		stopOld := f.oldVersion("old-0")
		time.Sleep(5 * time.Second)
		r := f.add("op-0", five, underOldLock, func(o *coordinator.Options) { o.Timing.LeaseDuration = 20 * time.Second })
		<-r.done
		delete(f.replicas, "op-0")
		if r.err == nil || !strings.HasPrefix(r.err.Error(), "kindred: leaseDuration is longer than the old version's: Lease default/op-lock lasts 15s") {
			t.Errorf("Run returned %v", r.err)
		}
		if owners := f.owners(); len(owners) != 5 || owners["Queue"] != "old-0" {
			t.Errorf("the owners are %v, want the old version", owners)
		}
		stopOld()
	})
}

// While the Leases of the kinds are renewed and the old lock is not, the right to
// write ends with the old lock's, and the process with it.
func TestRightsEndWithTheOldLock(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		api, cut := leaseapi.New(), make(chan struct{})
		client := api.Client(func(_, name string) leaseapi.Fault {
			select {
			case <-cut:
				if name == oldLock {
					return leaseapi.Fault{Err: errDown}
				}
			default:
			}
			return leaseapi.Fault{}
		})
		letGo, refused := make(chan struct{}), make(chan time.Time, 1)
		deaf := coordinator.ReconcilerFunc(func(ctx context.Context, _ lease.Term) error {
			for fence.Check(ctx) == nil {
				time.Sleep(10 * time.Millisecond)
			}
			refused <- time.Now()
			<-letGo
			return nil
		})
		options := quiet("op-0")
		underOldLock(&options)
		// This Lease lasts longer, and is renewed more seldom, than the old lock.
		slow := lease.Timing{LeaseDuration: time.Minute, RenewDeadline: 40 * time.Second, RetryPeriod: 20 * time.Second}
		c, err := coordinator.NewWithLeases(client, options, coordinator.Kind{GroupKind: groupKind("Queue"), Reconciler: deaf, Timing: slow})
		if err != nil {
			t.Fatal(err)
		}
		exits := make(chan time.Time, 1)
		coordinator.SetExit(c, func(int) { exits <- time.Now() })
		done := make(chan error)
		go func() { done <- c.Run(t.Context()) }()
		time.Sleep(2 * time.Minute)
		select {
		case <-refused:
			t.Fatal("the right to write ended although both Leases were renewed")
		default:
		}
		close(cut)
		at := time.Now()
		timing := lease.Timing{}.WithDefaults()
		least, most := timing.LeaseDuration-timing.Margin()-timing.RetryPeriod, timing.LeaseDuration-timing.Margin()
		for what, when := range map[string]time.Time{"writes were refused": <-refused, "the process ended": <-exits} {
			if after := when.Sub(at); after < least || after > most+10*time.Millisecond {
				t.Errorf("%s %v after the last answer, want between %v and %v", what, after, least, most)
			}
		}
		close(letGo)
		if err := <-done; !errors.Is(err, coordinator.ErrOldLockLost) {
			t.Errorf("Run returned %v, want ErrOldLockLost", err)
		}
	})
}

func TestOldLockOptions(t *testing.T) {
	for name, test := range map[string]struct {
		lock      string
		elsewhere bool
		given     string // Kind.LeaseName
		want      string
	}{
		"no name":                        {"Old_Lock", false, "", `oldLock "Old_Lock"`},
		"the Lease of a kind":            {"op.queue." + group, false, "", "is the Lease of kind Queue"},
		"a bucket's":                     {"op.queue." + group + ".01-of-02", false, "", "of a bucket of kind Queue"},
		"a name that was given":          {"of.old.queue", false, "of.old.queue", "is the Lease of kind Queue"},
		"a bucket's with such a name":    {"of.old.queue.00-of-03", false, "of.old.queue", "of a bucket of kind Queue"},
		"the name that is not used then": {"op.queue." + group, false, "of.old.queue", ""},
		"another cluster":                {oldLock, true, "", "leaseConfig is given"},
		"good":                           {oldLock, false, "", ""},
	} {
		options := quiet("op-0")
		options.OldLock = test.lock
		if test.elsewhere {
			options.LeaseConfig = &rest.Config{}
		}
		kind := coordinator.Kind{GroupKind: groupKind("Queue"), Reconciler: coordinator.ReconcilerFunc(nil), LeaseName: test.given}
		_, err := coordinator.NewWithLeases(leaseapi.New().Client(nil), options, kind)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: the error is %v, want %q", name, err, test.want)
		}
	}
}
