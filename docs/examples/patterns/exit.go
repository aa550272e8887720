package patterns

import (
	"context"
	"errors"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// ExitWhenDeposed is work that takes the whole program with it when its Lease is
// lost: stop is called with the reason. A kind that is handed over, because the split
// is evened out or the program is asked to stop, is no reason. main looks afterwards:
//
//	ctx, stop := context.WithCancelCause(ctx)
//	...
//	err := c.Run(ctx) // hands the other kinds over
//	if over := new(coordinator.TermOverError); errors.As(context.Cause(ctx), &over) {
//		os.Exit(1) // Kubernetes starts it again
//	}
func ExitWhenDeposed(work coordinator.Reconciler, stop context.CancelCauseFunc) coordinator.Reconciler {
	return coordinator.ReconcilerFunc(func(ctx context.Context, term lease.Term) error {
		err := work.Run(ctx, term)
		if over := new(coordinator.TermOverError); errors.As(context.Cause(ctx), &over) && over.Lost() {
			stop(over)
		}
		return err
	})
}
