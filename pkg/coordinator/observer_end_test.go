package coordinator_test

import (
	"context"
	"testing"
	"time"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// TestObservedLossWhileLeaving: the term ends in the same step as the replica's life.
func TestObservedLossWhileLeaving(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f, one := newFleet(t), &told{}
		r := f.addKinds("op-0", []coordinator.Kind{{GroupKind: groupKind("Queue"), Reconciler: coordinator.ReconcilerFunc(
			func(ctx context.Context, _ lease.Term) error {
				<-ctx.Done()
				time.Sleep(time.Second)
				return nil
			})}}, one.options)
		time.Sleep(5 * time.Second)
		one.words()
		r.cancel()
		time.Sleep(300 * time.Millisecond)
		f.edit("Queue", func(holder *string, _ *int32) { *holder = "intruder" })
		if err := f.stop("op-0"); err != nil {
			t.Error(err)
		}
		one.want(t, "DrainStarted:Leaving ReconcilerReturned Lost:Leaving Left | Vacant:Expired Taken:intruder")
	})
}
