package kubelease_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"github.com/kindred-k8s/kindred/pkg/kubelease"
	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

var (
	shard  = lease.ShardOf(schema.GroupKind{Group: "example.com", Kind: "Widget"})
	timing = lease.Timing{}.WithDefaults()
)

const leaseName = "op.widget.example.com"

// bench is one Lease API with several candidates for one Lease.
type bench struct {
	t   *testing.T
	api *leaseapi.API

	mu     sync.Mutex
	faults map[string]func(verb string) leaseapi.Fault
}

func newBench(t *testing.T) *bench {
	return &bench{t: t, api: leaseapi.New(), faults: map[string]func(string) leaseapi.Fault{}}
}

// fault makes requests of one candidate fail from now on; nil ends it.
func (b *bench) fault(name string, f func(verb string) leaseapi.Fault) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults[name] = f
}

func (b *bench) client(name string) *leaseapi.Client {
	return b.api.Client(func(verb, _ string) leaseapi.Fault {
		b.mu.Lock()
		defer b.mu.Unlock()
		if f := b.faults[name]; f != nil {
			return f(verb)
		}
		return leaseapi.Fault{}
	})
}

// plainLock is client-go's lock as everybody uses it.
func (b *bench) plainLock(name string) resourcelock.Interface {
	return &resourcelock.LeaseLock{
		LeaseMeta:  metav1.ObjectMeta{Namespace: "default", Name: leaseName},
		Client:     b.client(name),
		LockConfig: resourcelock.ResourceLockConfig{Identity: name},
	}
}

func (b *bench) store(name string) *kubelease.Store {
	return kubelease.NewStore(b.client(name), kubelease.Options{
		Component: "op", Namespace: "default", Identity: name, Timing: timing,
	})
}

// guardedLock is Kindred's lock for a Lease that does not exist yet.
func (b *bench) guardedLock(name string, tell func(lease.LockEvent)) resourcelock.Interface {
	b.t.Helper()
	lock, _, err := b.store(name).Lock(shard, lease.Timing{}.WithDefaults(), nil, false, tell)
	if err != nil {
		b.t.Fatal(err)
	}
	return lock
}

// candidate is a LeaderElector that runs.
type candidate struct {
	*leaderelection.LeaderElector
	cancel context.CancelFunc
	ended  chan struct{}

	mu       sync.Mutex
	leading  bool
	stopped  int // how often OnStoppedLeading was called
	started  int
	leadCtx  context.Context
	leadFrom time.Time
}

func (b *bench) run(lock resourcelock.Interface, releaseOnCancel bool) *candidate {
	b.t.Helper()
	c := &candidate{ended: make(chan struct{})}
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: lock, LeaseDuration: timing.LeaseDuration, RenewDeadline: timing.RenewDeadline, RetryPeriod: timing.RetryPeriod,
		ReleaseOnCancel: releaseOnCancel, Name: leaseName,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(ctx context.Context) {
				c.mu.Lock()
				c.leading, c.leadCtx, c.leadFrom = true, ctx, time.Now()
				c.started++
				c.mu.Unlock()
			},
			OnStoppedLeading: func() {
				c.mu.Lock()
				c.leading = false
				c.stopped++
				c.mu.Unlock()
			},
		},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	c.LeaderElector, c.cancel = elector, cancel
	go func() {
		defer close(c.ended)
		elector.Run(ctx)
	}()
	return c
}

func (c *candidate) isLeading() bool {
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.leading
}

func (c *candidate) stop() {
	c.cancel()
	<-c.ended
}

// lease returns the Lease, or nil.
func (b *bench) lease() *coordinationv1.Lease {
	l, err := b.api.Client(nil).Leases("default").Get(context.Background(), leaseName, metav1.GetOptions{})
	if err != nil {
		return nil
	}
	return l
}

func (b *bench) holder() string {
	if l := b.lease(); l != nil && l.Spec.HolderIdentity != nil {
		return *l.Spec.HolderIdentity
	}
	return ""
}

// overwrite puts another holder into the Lease, as somebody with kubectl would.
func (b *bench) overwrite(holder string) {
	b.t.Helper()
	l := b.lease()
	l.Spec.HolderIdentity = &holder
	if _, err := b.api.Client(nil).Leases("default").Update(context.Background(), l, metav1.UpdateOptions{}); err != nil {
		b.t.Fatal(err)
	}
}
