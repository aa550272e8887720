package coordinator_test

import (
	"context"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

// TestLeaseDeletedWhileItsOwnerDrains: nobody who knew of the Lease makes it anew
// while the owner finishes, whether its watch sees the deletion or is broken.
func TestLeaseDeletedWhileItsOwnerDrains(t *testing.T) {
	for name, verbs := range map[string][]string{"watching": {"none"}, "watch broken": {"list", "watch"}} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				f := newFleet(t)
				f.addKinds("op-0", []coordinator.Kind{{GroupKind: groupKind("Queue"), Reconciler: coordinator.ReconcilerFunc(
					func(ctx context.Context, term lease.Term) error {
						ended := f.began("op-0", "Queue", term)
						<-ctx.Done()
						time.Sleep(8 * time.Second)
						ended()
						return nil
					})}})
				time.Sleep(5 * time.Second)
				f.add("op-1", []string{"Queue"}).breakWith(leaseapi.Fault{}, verbs...)
				time.Sleep(10 * time.Second)
				f.replicas["op-1"].breakWith(leaseapi.Fault{Err: errDown}, verbs...)
				f.api.BreakWatches()
				time.Sleep(20 * time.Second)
				f.remove(f.leaseName("Queue"))
				time.Sleep(30 * time.Second)
				if len(f.owners()) != 1 {
					t.Errorf("owners are %v, want one", f.owners())
				}
			})
		})
	}
}

// TestLeaseDeletedBeforeItsReleaseIsAnswered: the watch tells of the deletion first, and
// the replica does not go on to look for a Lease that does not exist.
func TestLeaseDeletedBeforeItsReleaseIsAnswered(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f, giveUp := newFleet(t), make(chan struct{}, 1)
		r := f.addKinds("op-0", []coordinator.Kind{{GroupKind: groupKind("Queue"), Reconciler: coordinator.ReconcilerFunc(
			func(ctx context.Context, term lease.Term) error {
				defer f.began("op-0", "Queue", term)()
				select {
				case <-ctx.Done():
				case <-giveUp:
				}
				return nil
			})}})
		time.Sleep(5 * time.Second)
		r.breakWith(leaseapi.Fault{AnswerDelay: 2 * time.Second}, "update")
		giveUp <- struct{}{}
		time.Sleep(time.Second)
		if l := f.lease("Queue"); l == nil || *l.Spec.HolderIdentity != "" {
			t.Fatalf("the Lease has not been released yet: %v", l)
		}
		f.remove(f.leaseName("Queue"))
		time.Sleep(2 * time.Second)
		r.heal()
		time.Sleep(20 * time.Second)
		if got := f.owners()["Queue"]; got != "op-0" {
			t.Errorf("Queue is owned by %q, want op-0 again", got)
		}
	})
}

// TestOneErrorDuringReleaseCostsNoLease: a leaving replica tries again.
func TestOneErrorDuringReleaseCostsNoLease(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		r := f.add("op-0", []string{"Queue"})
		time.Sleep(5 * time.Second)
		f.add("op-1", []string{"Queue"})
		time.Sleep(5 * time.Second)
		r.breakWith(leaseapi.Fault{Err: errDown}, "update")
		r.cancel()
		time.Sleep(300 * time.Millisecond)
		r.heal()
		time.Sleep(5 * time.Second)
		if gap := f.gap("Queue"); f.owners()["Queue"] != "op-1" || gap > 4*time.Second {
			t.Errorf("owners are %v after a gap of %v, want op-1 without waiting for expiry", f.owners(), gap)
		}
	})
}

// TestMemberLeaseEditedByHand: nobody's identity is in use because of it.
func TestMemberLeaseEditedByHand(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		r := f.add("op-0", five)
		time.Sleep(5*time.Second + 200*time.Millisecond) // not when it is renewed
		client := f.api.Client(nil).Leases("default")
		for _, annotation := range []string{"", "not JSON", "{}"} {
			l, err := client.Get(t.Context(), lease.MemberName("op", r.Identity()), metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			l.Annotations = map[string]string{lease.AnnotationMember: annotation}
			if _, err := client.Update(t.Context(), l, metav1.UpdateOptions{}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(20 * time.Second)
		}
		f.wantOwned(5)
	})
}
