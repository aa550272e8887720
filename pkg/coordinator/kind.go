package coordinator

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/tools/leaderelection"

	"github.com/kindred-k8s/kindred/pkg/elect"
	"github.com/kindred-k8s/kindred/pkg/fence"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// kind runs one kind's elector and reconciler, as the core says.
type kind struct {
	c          *Coordinator
	shard      lease.Shard
	reconciler Reconciler
	log        logr.Logger

	// haltElector and cancel belong to the goroutine of Run.
	haltElector func()
	cancel      context.CancelCauseFunc

	mu      sync.Mutex // guards what follows: users ask from their goroutines
	opened  chan struct{}
	fence   *fence.Fence // of the last term that was won
	term    *lease.Term
	stuckIn *lease.Term
}

func newKind(c *Coordinator, shard lease.Shard, r Reconciler) *kind {
	return &kind{
		c: c, shard: shard, reconciler: r, opened: make(chan struct{}),
		log: c.log.WithValues("kind", shard.String()),
	}
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
		k.c.queue.put(elect.ElectorEnded{Shard: k.shard})
	})
}

func (k *kind) newElector(a elect.StartCampaign) (*leaderelection.LeaderElector, func(), error) {
	lock, closeLock, err := k.c.store.Lock(a.Shard, a.Seen, a.Expired, k.told)
	if err != nil {
		return nil, nil, err
	}
	timing := k.c.options.Timing
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
		k.c.queue.put(elect.Acquired{Term: e.Term, Version: e.Version, SentAt: e.SentAt})
	case lease.LockRenewed:
		k.c.queue.put(elect.Renewed{Shard: k.shard, Version: e.Version, SentAt: e.SentAt})
	case lease.LockTaken:
		k.c.queue.put(elect.LockLost{Shard: k.shard, Reason: elect.HolderChanged})
	case lease.LockDeleted:
		k.c.queue.put(elect.LockLost{Shard: k.shard, Reason: elect.LeaseDeleted})
	}
}

func (k *kind) fenceTold(e lease.LockEvent) {
	until := k.c.options.Timing.SafeUntil(e.SentAt)
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

// startReconciler begins the term's work. The goroutine is joined by the core,
// which waits for Returned, unless the reconciler is stuck.
func (k *kind) startReconciler(life context.Context, term lease.Term) {
	right := k.fenceOf(term)
	ctx, cancel := context.WithCancelCause(fence.NewContext(life, right))
	k.cancel = cancel
	k.log.Info("Elected: starting the reconciler", "lease", term.Lease, "term", term.Token())
	k.mu.Lock()
	k.term = &term
	close(k.opened)
	k.mu.Unlock()
	go func() {
		// Deferred, because Run may also end by runtime.Goexit.
		defer k.c.queue.put(elect.Returned{Shard: k.shard})
		defer cancel(nil)
		err := errors.New("run ended its goroutine")
		defer func() {
			right.End(string(elect.HasReturned))
			k.returned(ctx, term, err)
		}()
		err = k.reconciler.Run(ctx, term)
	}()
}

// returned logs how the reconciler ended.
func (k *kind) returned(ctx context.Context, term lease.Term, err error) {
	k.endTerm()
	k.mu.Lock()
	k.stuckIn = nil
	k.mu.Unlock()
	log := k.log.WithValues("lease", term.Lease, "term", term.Token())
	switch {
	case ctx.Err() == nil && err == nil:
		log.Error(errors.New("run returned before its context was cancelled"), "The reconciler gave the kind up")
	case ctx.Err() == nil:
		log.Error(err, "The reconciler failed and gave the kind up")
	case err != nil && !errors.Is(err, context.Canceled):
		log.Error(err, "The reconciler returned with an error at the end of its term")
	default:
		log.V(1).Info("The reconciler has returned")
	}
}

// endTerm makes Elected return a new channel.
func (k *kind) endTerm() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.term != nil {
		k.term, k.opened = nil, make(chan struct{})
	}
}

func (k *kind) stopReconciler(a elect.StopReconciler) {
	log := k.log.WithValues("lease", a.Term.Lease, "term", a.Term.Token(), "reason", a.Reason)
	if a.To != "" {
		log = log.WithValues("to", a.To)
	}
	log.Info("Term ends: stopping the reconciler")
	k.endTerm()
	k.cancel(&TermOverError{Term: a.Term, Reason: string(a.Reason)})
}

// stuck carries out the policy for a reconciler that has not returned.
func (k *kind) stuck(a elect.Stuck) {
	k.mu.Lock()
	k.stuckIn = &a.Term
	k.mu.Unlock()
	log := k.log.WithValues("lease", a.Term.Lease, "term", a.Term.Token())
	err := errors.New(string(a.Reason))
	if k.c.options.Stuck == ExitProcess {
		log.Error(err, "Stuck: ending the process so that no second reconciler works beside the next owner's", "exitCode", ExitCodeStuck)
		k.c.exit(ExitCodeStuck)
		return
	}
	log.Error(err, "Stuck: the process goes on, as the KeepRunning policy says; this kind is not offered until its reconciler returns")
}

func (k *kind) check() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.stuckIn == nil {
		return nil
	}
	return fmt.Errorf("the reconciler of %s still runs although its term %s is over", k.shard, k.stuckIn.Token())
}

func (k *kind) elected() <-chan struct{} {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.opened
}

func (k *kind) currentTerm() (lease.Term, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.term == nil {
		return lease.Term{}, false
	}
	return *k.term, true
}

// TermOverError is the cause of a reconciler's cancelled context.
type TermOverError struct {
	Term lease.Term
	// Reason is one of package elect's reasons for the end of a term.
	Reason string
}

func (e *TermOverError) Error() string {
	return fmt.Sprintf("term %s of %s is over: %s", e.Term.Token(), e.Term.Shard, e.Reason)
}
