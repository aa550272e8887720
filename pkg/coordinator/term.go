package coordinator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kindred-k8s/kindred/pkg/elect"
	"github.com/kindred-k8s/kindred/pkg/fence"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// startReconciler begins the term's work. The goroutine is joined by the core,
// which waits for Returned, unless the reconciler is stuck.
func (k *kind) startReconciler(life context.Context, term lease.Term) {
	right := k.fenceOf(term)
	ctx, cancel := context.WithCancelCause(k.busy.into(fence.NewContext(life, right)))
	k.cancel = cancel
	k.log.Info("Elected: starting the reconciler", "lease", term.Lease, "term", term.Token())
	go func() {
		// Deferred, because Run may also end by runtime.Goexit.
		defer k.c.queue.put(elect.Returned{Shard: k.shard})
		defer cancel(nil)
		err := errors.New("run ended its goroutine")
		defer func() {
			right.End(string(elect.HasReturned))
			k.returned(ctx, term, err)
		}()
		if err = k.admit(ctx, term); err == nil {
			err = k.of.reconciler.Run(ctx, term)
		}
	}()
}

// admit begins the term once the API server lets its writes through, if that is to
// be waited for.
func (k *kind) admit(ctx context.Context, term lease.Term) error {
	if k.c.options.Admitted == nil {
		return k.beginTerm(ctx, term)
	}
	began := time.Now()
	if err := k.c.options.Admitted(ctx, k.shard.Kind); err != nil {
		return err
	}
	k.log.V(1).Info("The API server admits the writes of this term", "term", term.Token(), "after", time.Since(began))
	return k.beginTerm(ctx, term)
}

// beginTerm closes the channel that Elected returns, unless the term has ended
// meanwhile.
func (k *kind) beginTerm(ctx context.Context, term lease.Term) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	k.term = &term
	k.of.begin()
	return nil
}

// returned logs how the reconciler ended.
func (k *kind) returned(ctx context.Context, term lease.Term, err error) {
	k.mu.Lock()
	k.endTerm()
	k.stuckIn = nil
	k.mu.Unlock()
	log := k.log.WithValues("lease", term.Lease, "term", term.Token())
	switch {
	case ctx.Err() == nil && err == nil:
		log.Error(errors.New("run returned before its context was cancelled"), "The reconciler gave the kind up")
	case ctx.Err() == nil:
		log.Error(err, "The reconciler failed and gave the kind up")
	case err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, context.Cause(ctx)):
		log.Error(err, "The reconciler returned with an error at the end of its term")
	default:
		log.V(1).Info("The reconciler has returned")
	}
}

// endTerm takes the term back from what Elected and Term tell. mu is held.
func (k *kind) endTerm() {
	if k.term != nil {
		k.term = nil
		k.of.end()
	}
}

func (k *kind) stopReconciler(a elect.StopReconciler) {
	log := k.log.WithValues("lease", a.Term.Lease, "term", a.Term.Token(), "reason", a.Reason)
	if a.To != "" {
		log = log.WithValues("to", a.To)
	}
	log.Info("Term ends: stopping the reconciler")
	k.mu.Lock()
	defer k.mu.Unlock() // beginTerm sees both or neither
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

// TermOverError is the cause of a reconciler's cancelled context.
type TermOverError struct {
	Term lease.Term
	// Reason is one of package elect's reasons for the end of a term.
	Reason string
}

func (e *TermOverError) Error() string {
	return fmt.Sprintf("term %s of %s is over: %s", e.Term.Token(), e.Term.Shard, e.Reason)
}
