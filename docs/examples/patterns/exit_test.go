package patterns_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kindred-k8s/kindred/docs/examples/patterns"
	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

// TestExitWhenDeposed: a replica that loses a Lease ends, and one that hands over,
// to balance the split, does not.
func TestExitWhenDeposed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := leaseapi.New()
		var cutOff atomic.Bool
		faults := func(string, string) leaseapi.Fault {
			if cutOff.Load() {
				return leaseapi.Fault{Err: errDown}
			}
			return leaseapi.Fault{}
		}
		waits := coordinator.ReconcilerFunc(func(ctx context.Context, _ lease.Term) error {
			<-ctx.Done()
			return nil
		})
		ctx, stop := context.WithCancelCause(t.Context())
		first := newReplica(api.Client(faults), "pod-1", patterns.ExitWhenDeposed(waits, stop).Run)
		ended := make(chan error, 1)
		go func() { ended <- first.Run(ctx) }()
		<-first.Elected(widget)

		// Handed over by hand and taken back: the program goes on.
		second := newReplica(api.Client(nil), "pod-2", waits).run()
		time.Sleep(5 * time.Second)
		move(t, api, "pod-2")
		<-second.Elected(widget)
		time.Sleep(5 * time.Second)
		second.leave()
		<-first.Elected(widget)
		if ctx.Err() != nil {
			t.Fatalf("the program ends although the kind was handed over: %v", context.Cause(ctx))
		}

		cutOff.Store(true)
		if err := <-ended; err != nil {
			t.Error(err)
		}
		over := new(coordinator.TermOverError)
		if !errors.As(context.Cause(ctx), &over) || !over.Lost() {
			t.Errorf("the program ends because of %v, want the lost Lease", context.Cause(ctx))
		}
	})
}
