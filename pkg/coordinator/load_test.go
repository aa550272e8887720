package coordinator_test

import (
	"context"
	"testing"
	"time"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// With learned weights a busy kind is alone, and the idle ones share the others.
func TestBusyKindIsAlone(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		for _, name := range []string{"op-0", "op-1"} {
			kinds := f.registered(name, five, func(k *coordinator.Kind) {
				if k.GroupKind != groupKind("Queue") {
					return
				}
				k.Reconciler = coordinator.ReconcilerFunc(func(ctx context.Context, term lease.Term) error {
					defer f.began(name, "Queue", term)()
					for ctx.Err() == nil {
						time.Sleep(900 * time.Millisecond)
						coordinator.Busy(ctx, 800*time.Millisecond)
					}
					return nil
				})
			})
			f.addKinds(name, kinds, func(o *coordinator.Options) { o.LearnWeights = true })
		}
		time.Sleep(20*time.Second + 300*time.Millisecond)
		f.wantOwned(2, 3)
		time.Sleep(20 * time.Minute)
		f.wantOwned(1, 4)
		owners := f.owners()
		for _, kind := range five {
			if kind != "Queue" && owners[kind] == owners["Queue"] {
				t.Errorf("%s is with the busy Queue: %v", kind, owners)
			}
		}
		before := f.started()
		time.Sleep(time.Hour)
		if n := f.started() - before; n != 0 {
			t.Errorf("%d terms began in an hour in which nothing changed", n)
		}
	})
}
