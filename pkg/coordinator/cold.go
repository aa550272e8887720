package coordinator

import (
	"context"
	"errors"
	"fmt"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// workFromCold does the work of a term beside the kind's standby, which lives from
// here until the work is done. The core is told that the reconciler has returned
// after both have, so the Lease is held, and stuck is judged, for both.
func (k *kind) workFromCold(life, ctx context.Context, term lease.Term) (err error) {
	standby := k.reconciler.(StandbyReconciler) // checked by validateKinds
	working, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	// Not of the term's context: it must outlive the end of the term until the work is
	// done, and has nothing to write.
	warm, stop := context.WithCancel(life)
	ended := make(chan error, 1)
	go func() {
		err := standby.Standby(warm)
		switch {
		case warm.Err() != nil:
			err = nil
		case err == nil:
			err = errors.New("it returned before its context was cancelled")
		}
		if err != nil {
			err = fmt.Errorf("standby of %s: %w", k.shard, err)
			fail(err)
		}
		ended <- err
	}()
	// Deferred, because Run may also end by runtime.Goexit.
	defer func() {
		stop()
		if failure := <-ended; failure != nil {
			err = failure
		}
	}()
	return k.work(working, term)
}
