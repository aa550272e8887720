package coordinator_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// TestObservedByGivenName: who owns a kind is told also when its Lease has a name that
// was given.
func TestObservedByGivenName(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f, one := newFleet(t), &told{}
		f.addKinds("op-0", f.registered("op-0", []string{"Queue"}, func(k *coordinator.Kind) { k.LeaseName = "controller.queue" }), one.options)
		time.Sleep(5 * time.Second)
		one.words()
		f.remove("controller.queue")
		time.Sleep(5 * time.Second)
		if got := one.words(); !strings.HasSuffix(got, "| Vacant:Deleted Taken:op-0") {
			t.Errorf("told %q", got)
		}
	})
}

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
