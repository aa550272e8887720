package coordinator

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindred-k8s/kindred/pkg/fence"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// coldStandby is the standby of a kind that runs during terms only. Of a kind with
// buckets a replica may have several terms at once; they share one.
type coldStandby struct {
	kind    schema.GroupKind
	standby StandbyReconciler

	mu    sync.Mutex // held while a standby is waited for, so that no two run at once
	terms int
	run   *coldRun // of terms; nil while there are none
}

// coldRun is one call of Standby.
type coldRun struct {
	stop  context.CancelFunc
	ended chan struct{}
	err   error // why it ended by itself; read after ended
}

// enter starts the standby for the first of the terms.
func (c *coldStandby) enter(life context.Context) *coldRun {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.terms++; c.terms > 1 {
		return c.run
	}
	// Not of a term's context: it must outlive the end of the term until the work is
	// done, and has nothing to write.
	ctx, stop := context.WithCancel(fence.NewContext(life, nil))
	run := &coldRun{stop: stop, ended: make(chan struct{})}
	c.run = run
	go func() {
		defer close(run.ended)
		err := c.standby.Standby(ctx)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			err = errors.New("it returned before its context was cancelled")
		}
		run.err = fmt.Errorf("standby of %s: %w", c.kind, err)
	}()
	return run
}

// leave stops the standby after the last of the terms, and waits for it.
func (c *coldStandby) leave() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	run := c.run
	if c.terms--; c.terms == 0 {
		run.stop()
		<-run.ended
		c.run = nil
	}
	select {
	case <-run.ended:
		return run.err
	default:
		return nil
	}
}

// workFromCold does the work of a term beside the kind's standby, which lives until
// the work is done. The core is told that the reconciler has returned after both
// have, so the Lease is held, and stuck is judged, for both.
func (k *kind) workFromCold(life, ctx context.Context, term lease.Term) (err error) {
	working, fail := context.WithCancelCause(ctx)
	run := k.of.cold.enter(life)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-run.ended:
			fail(run.err)
		case <-working.Done():
		}
	}()
	// Deferred, because Run may also end by runtime.Goexit.
	defer func() {
		fail(nil)
		<-watched
		if failure := k.of.cold.leave(); failure != nil {
			err = failure
		}
	}()
	return k.work(working, term)
}
