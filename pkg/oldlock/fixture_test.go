package oldlock_test

import (
	"context"
	"errors"
	"maps"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/util/retry"

	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/oldlock"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

const (
	namespace = "default"
	lockName  = "op-lock"
)

var (
	timing  = lease.Timing{}.WithDefaults()
	errDown = errors.New("the API server is down")
)

// world has old replicas, each with client-go's elector on the one lock, and new
// ones. It fails the test when an old one works while another old one or any new
// one does.
type world struct {
	t   *testing.T
	api *leaseapi.API

	mu      sync.Mutex
	working map[string]bool // replica -> whether it is an old one
}

// replica is one process. What it does ends with it.
type replica struct {
	w      *world
	name   string
	old    bool
	cancel context.CancelFunc
	done   chan struct{}
	err    error // what Hold returned; read after done

	mu    sync.Mutex
	fault leaseapi.Fault
	gone  bool          // it does nothing any more
	slow  chan struct{} // if set, the work does not end before it is closed
	quits bool          // the work ends its goroutine, and does not return
	stuck chan struct{} // closed when Stuck was called
	// stands is for how long the process stands still after its first write.
	stands time.Duration
}

func inBubble(t *testing.T, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		test(&world{t: t, api: leaseapi.New(), working: map[string]bool{}})
	})
}

func (w *world) begin(name string, old bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for other, otherOld := range w.working {
		if old || otherOld {
			w.t.Errorf("%s: %s works (old: %v) while %s does (old: %v)", time.Now().Format(time.TimeOnly), name, old, other, otherOld)
		}
	}
	w.working[name] = old
}

func (w *world) end(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.working, name)
}

// workers returns who works now.
func (w *world) workers() []string {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Sorted(maps.Keys(w.working))
}

func (w *world) want(names ...string) {
	w.t.Helper()
	if got := w.workers(); !slices.Equal(got, names) {
		w.t.Errorf("%v work, want %v", got, names)
	}
}

func (w *world) replica(name string) (*replica, context.Context) {
	r := &replica{w: w, name: name, done: make(chan struct{}), stuck: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	return r, ctx
}

func (r *replica) faultFor(string, string) leaseapi.Fault {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.fault
}

func (r *replica) breakWith(f leaseapi.Fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fault = f
}

// old starts a replica of the older version: client-go's elector, which knows
// nothing of the new ones.
func (w *world) old(name string, release bool) *replica {
	w.t.Helper()
	r, ctx := w.replica(name)
	r.old = true
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Namespace: namespace, Name: lockName},
			Client:     w.api.Client(r.faultFor),
			LockConfig: resourcelock.ResourceLockConfig{Identity: name},
		},
		LeaseDuration: timing.LeaseDuration, RenewDeadline: timing.RenewDeadline, RetryPeriod: timing.RetryPeriod,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) {
				r.mu.Lock()
				defer r.mu.Unlock()
				if !r.gone {
					w.begin(name, true)
				}
			},
			OnStoppedLeading: r.halt,
		},
		ReleaseOnCancel: release,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	go func() {
		defer close(r.done)
		elector.Run(logr.NewContext(ctx, logr.Discard()))
	}()
	return r
}

// halt ends an old replica's work.
func (r *replica) halt() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gone = true
	r.w.end(r.name)
}

// new starts a replica of this version.
func (w *world) new(name string, change ...func(*replica, *oldlock.Options)) *replica {
	r, ctx := w.replica(name)
	options := oldlock.Options{
		Component: "op", Namespace: namespace, Name: lockName, Identity: name, Timing: timing,
		Held: func(time.Time) {}, Lost: func(string) {}, Stuck: func(error) { close(r.stuck) },
		Problem: func(string, error) {}, Logger: logr.Discard(),
	}
	for _, c := range change {
		c(r, &options)
	}
	lock := oldlock.New(&client{LeasesGetter: w.api.Client(r.faultFor), r: r}, options)
	go func() {
		defer close(r.done)
		r.err = lock.Hold(ctx, func(ctx context.Context) error {
			w.begin(name, false)
			defer w.end(name)
			<-ctx.Done()
			ends := time.After(time.Second)
			if r.slow != nil {
				ends = nil
			}
			select {
			case <-ends:
			case <-r.slow:
			case <-r.stuck: // the process ends here
			}
			if r.quits {
				runtime.Goexit()
			}
			return nil
		})
	}()
	return r
}

// stop asks a replica to stop, as Kubernetes does, and waits until it has.
func (r *replica) stop() error {
	if r.old {
		r.halt() // before its elector releases the lock
	}
	r.cancel()
	<-r.done
	return r.err
}

// crash ends a replica at once. Nothing that it does afterwards arrives anywhere.
func (r *replica) crash() {
	r.breakWith(leaseapi.Fault{Err: errDown})
	r.mu.Lock()
	r.gone = true
	r.mu.Unlock()
	r.w.end(r.name)
	r.cancel()
	<-r.done
}

func (w *world) lease() *coordinationv1.Lease {
	l, err := w.api.Client(nil).Leases(namespace).Get(context.Background(), lockName, metav1.GetOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

// edit writes the Lease as a hand does: again, when a renewal came between.
func (w *world) edit(change func(*coordinationv1.Lease)) {
	err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
		l := w.lease()
		change(l)
		_, err := w.api.Client(nil).Leases(namespace).Update(context.Background(), l, metav1.UpdateOptions{})
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}
