package e2e

import (
	"context"
	"os"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// contender competes with an elector that is not Kindred's, for one kind or for all
// of them at once, and writes to the journal while it works.
type contender struct {
	f          *fleet
	name, kind string
	kinds      []string // kind alone, or all
	cancel     context.CancelFunc
	done       chan struct{}

	mu            sync.Mutex
	halted, works bool
}

// contend runs an elector until leave.
func (f *fleet) contend(name, kind string, elector func(*contender) func(context.Context)) *contender {
	c := &contender{f: f, name: name, kind: kind, kinds: []string{kind}, done: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	run := elector(c)
	go func() {
		defer close(c.done)
		run(ctx)
	}()
	f.t.Cleanup(c.leave)
	return c
}

// leave stops the work and then the elector. Both of client-go's electors and
// Knative's would release the Lease first; that is not what is tested here.
func (c *contender) leave() {
	c.halt()
	c.cancel()
	<-c.done
}

func (c *contender) lead() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.halted {
		c.works = true
		c.write("start")
	}
}

func (c *contender) halt() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.halted = true
	if c.works {
		c.works = false
		c.write("stop")
	}
}

func (c *contender) write(event string) {
	for _, kind := range c.kinds {
		c.f.journal.write(line{Event: event, Kind: kind, Replica: c.name, PID: os.Getpid()})
	}
}

// plain is client-go's LeaderElector as most controllers use it: a Lease without
// labels. Without release it leaves its Lease as a crash does.
func (f *fleet) plain(name, kind string, release bool) *contender {
	f.t.Helper()
	return f.plainOn(f.leaseName(kind), name, kind, release)
}

// plainOn is plain on a Lease of any name.
func (f *fleet) plainOn(lock, name, kind string, release bool) *contender {
	f.t.Helper()
	return f.contend(name, kind, func(c *contender) func(context.Context) {
		if lock == oldLock {
			c.kinds = f.kinds
		}
		client, err := kubernetes.NewForConfig(plane.config)
		if err != nil {
			f.t.Fatal(err)
		}
		elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
			Lock: &resourcelock.LeaseLock{
				LeaseMeta:  metav1.ObjectMeta{Namespace: f.namespace, Name: lock},
				Client:     client.CoordinationV1(),
				LockConfig: resourcelock.ResourceLockConfig{Identity: name},
			},
			LeaseDuration: f.timing.LeaseDuration, RenewDeadline: f.timing.RenewDeadline, RetryPeriod: f.timing.RetryPeriod,
			Callbacks: leaderelection.LeaderCallbacks{
				OnStartedLeading: func(context.Context) { c.lead() },
				OnStoppedLeading: c.halt,
			},
			ReleaseOnCancel: release,
		})
		if err != nil {
			f.t.Fatal(err)
		}
		return elector.Run
	})
}

// wantLeader waits until a contender works.
func (f *fleet) wantLeader(c *contender) {
	f.t.Helper()
	within(f.t, settleTimeout, c.name+" to lead", func(context.Context) error {
		return wantOwner(c.name, f.owner(c.kind))
	})
}

// outlast waits until the Lease of a kind has been held for longer than it lasts
// without renewal, and checks who works then.
func (f *fleet) outlast(kind, want string) {
	f.t.Helper()
	within(f.t, settleTimeout, want+" to hold the Lease of "+kind, func(ctx context.Context) error {
		l, err := plane.client.CoordinationV1().Leases(f.namespace).Get(ctx, f.leaseName(kind), metav1.GetOptions{})
		if err != nil {
			return err
		}
		return heldFor(l.Spec.AcquireTime, l.Spec.RenewTime, f.timing.LeaseDuration+time.Second)
	})
	if err := wantOwner(want, f.owner(kind)); err != nil {
		f.t.Error(err)
	}
}
