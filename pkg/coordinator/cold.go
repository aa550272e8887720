package coordinator

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindred-k8s/kindred/pkg/fence"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// coldStandby is the standby of a kind that runs during terms only. Of a kind with
// buckets a replica may have several terms at once; they share one.
type coldStandby struct {
	kind    schema.GroupKind
	standby StandbyReconciler

	// turn has room for one, who may use what follows. It is held while a standby is
	// waited for, so that no two run at once; a term that ends meanwhile waits no longer.
	turn  chan struct{}
	terms int
	run   *coldRun // of terms; nil while there are none
}

func newColdStandby(kind schema.GroupKind, standby StandbyReconciler) *coldStandby {
	return &coldStandby{kind: kind, standby: standby, turn: make(chan struct{}, 1)}
}

// coldRun is one call of Standby.
type coldRun struct {
	stop  context.CancelFunc
	ended chan struct{}
	err   error // why it ended by itself; read after ended
}

// enter starts the standby for the first of the terms. It waits for the one before to
// end, unless the term does.
func (c *coldStandby) enter(life, term context.Context) (*coldRun, error) {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-term.Done():
		return nil, context.Cause(term)
	}
	if c.terms++; c.terms > 1 {
		return c.run, nil
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
	return run, nil
}

// leave stops the standby after the last of the terms, and waits for it.
func (c *coldStandby) leave() error {
	c.turn <- struct{}{}
	defer func() { <-c.turn }()
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
	run, err := k.of.cold.enter(life, ctx)
	if err != nil {
		return err
	}
	working, fail := context.WithCancelCause(ctx)
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
