package coordinator

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/tools/leaderelection"

	"github.com/kindred-k8s/kindred/pkg/elect"
	"github.com/kindred-k8s/kindred/pkg/fence"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// kind runs the elector and the reconciler of one kind, or of one bucket of a kind, as
// the core says.
type kind struct {
	c      *Coordinator
	of     *registered
	shard  lease.Shard
	log    logr.Logger
	timing lease.Timing

	// busy is how long the reconcilers of this kind were busy so far.
	busy meter

	// haltElector and cancel belong to the goroutine of Run.
	haltElector func()
	cancel      context.CancelCauseFunc

	mu      sync.Mutex   // guards what follows: users ask from their goroutines
	fence   *fence.Fence // of the last term that was won
	term    *lease.Term
	stuckIn *lease.Term
}

func newKind(r *registered, shard lease.Shard, timing lease.Timing) *kind {
	return &kind{c: r.c, of: r, shard: shard, timing: timing, log: r.c.log.WithValues("kind", shard.String())}
}

// campaign runs client-go's LeaderElector until stopElector, or until it gives
// up renewing.
func (k *kind) campaign(life context.Context, a elect.StartCampaign) {
	k.log.V(1).Info("Campaigning", "reason", a.Reason)
	elector, closeLock, err := k.newElector(a)
	if err != nil {
		k.log.Error(err, "The campaign could not start")
		k.c.queue.put(elect.ElectorEnded{Shard: k.shard})
		return
	}
	ctx, cancel := context.WithCancel(life)
	k.haltElector = func() {
		closeLock()
		cancel()
	}
	// The lock sees every request and reports what fails, once and in words that
	// name the fix; the elector's own lines, one per try, would drown it.
	ctx = logr.NewContext(ctx, logr.Discard())
	k.c.start(func() {
		defer cancel()
		elector.Run(ctx)
		k.c.queue.put(elect.ElectorEnded{Shard: k.shard, Unanswered: closeLock()})
	})
}

func (k *kind) newElector(a elect.StartCampaign) (*leaderelection.LeaderElector, func() bool, error) {
	lock, closeLock, err := k.c.store.Lock(a.Shard, k.timing, a.Seen, a.Expired, k.told)
	if err != nil {
		return nil, nil, err
	}
	timing := k.timing
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock:          lock,
		Name:          lock.Describe(),
		LeaseDuration: timing.LeaseDuration,
		RenewDeadline: timing.RenewDeadline,
		RetryPeriod:   timing.RetryPeriod,
		// The elector calls these from goroutines that nobody joins, in any order,
		// and the second also when it never led. The lock tells the same in order,
		// before the elector's Run returns.
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) {},
			OnStoppedLeading: func() {},
		},
		// It would release before the reconciler has returned.
		ReleaseOnCancel: false,
	})
	return elector, closeLock, err
}

// told passes what the lock tells on to the core. The right to write follows the
// facts at once: the core may be late.
func (k *kind) told(e lease.LockEvent) {
	k.fenceTold(e)
	switch e.Kind {
	case lease.LockAcquired:
		k.c.queue.put(elect.Acquired{Term: e.Term, Version: e.Version, SentAt: e.SentAt, Split: e.Split})
	case lease.LockRenewed:
		k.c.queue.put(elect.Renewed{Shard: k.shard, Version: e.Version, SentAt: e.SentAt})
	case lease.LockTaken:
		k.c.queue.put(elect.LockLost{Shard: k.shard, Reason: elect.HolderChanged})
	case lease.LockDeleted:
		k.c.queue.put(elect.LockLost{Shard: k.shard, Reason: elect.LeaseDeleted})
	}
}

func (k *kind) fenceTold(e lease.LockEvent) {
	until := k.timing.SafeUntil(e.SentAt)
	if e.Kind == lease.LockAcquired {
		k.mu.Lock()
		k.fence = fence.New(e.Term, until)
		k.mu.Unlock()
		return
	}
	f := k.fenceOf(e.Term)
	switch e.Kind {
	case lease.LockRenewed:
		f.Extend(until)
	case lease.LockTaken:
		f.End(string(elect.HolderChanged))
	case lease.LockDeleted:
		f.End(string(elect.LeaseDeleted))
	}
}

// fenceOf returns the right to write of a term.
func (k *kind) fenceOf(term lease.Term) *fence.Fence {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fence != nil && k.fence.Term() == term {
		return k.fence
	}
	// The lock tells of a term that it has told before, and the core knows only such
	// terms. Whatever else this is, it may not write.
	return fence.New(term, time.Time{})
}

func (k *kind) stopElector() {
	if k.haltElector != nil {
		k.haltElector()
		k.haltElector = nil
	}
}

func (k *kind) check() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.stuckIn == nil {
		return nil
	}
	return fmt.Errorf("the reconciler of %s still runs although its term %s is over", k.shard, k.stuckIn.Token())
}

func (k *kind) currentTerm() (lease.Term, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.term == nil {
		return lease.Term{}, false
	}
	return *k.term, true
}
