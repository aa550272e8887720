package coordinator_test

import (
	"context"
	"errors"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

// annotate writes an annotation on a kind's Lease as the kindred command does; ""
// takes it off.
func (f *fleet) annotate(kind, annotation, value string) {
	f.t.Helper()
	l := f.lease(kind)
	delete(l.Annotations, annotation)
	if value != "" {
		metav1.SetMetaDataAnnotation(&l.ObjectMeta, annotation, value)
	}
	if _, err := f.api.Client(nil).Leases("default").Update(context.Background(), l, metav1.UpdateOptions{}); err != nil {
		f.t.Fatal(err)
	}
}

// wantOwner checks who runs a kind.
func (f *fleet) wantOwner(kind, want string) {
	f.t.Helper()
	if got := f.owners()[kind]; got != want {
		f.t.Errorf("%v: %s is run by %q, want %q", time.Since(f.start), kind, got, want)
	}
}

// TestMoveByHand: a kind is moved at once, to a replica that has just come, stays
// there, follows its Pod, and goes where balance has it when that is undone.
func TestMoveByHand(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		for _, name := range names(2) {
			f.add(name, five[:3]).breakWith(leaseapi.Fault{Delay: slow})
		}
		time.Sleep(20*time.Second + 300*time.Millisecond)
		f.wantOwned(1, 2)
		f.add("op-2", five[:3]).breakWith(leaseapi.Fault{Delay: slow})
		time.Sleep(time.Second)
		from, to, before := f.owners()["Bucket"], "op-2", f.started()

		f.annotate("Bucket", lease.AnnotationMoveTo, to)
		time.Sleep(100 * time.Millisecond) // the rebalance delay is 3 s, and would go on for 2
		f.wantOwner("Bucket", to)
		// Release and acquisition: two requests, and no timer.
		if gap := f.gap("Bucket"); gap > 3*slow {
			t.Errorf("Bucket was without a reconciler for %v, want at most three requests (%v)", gap, 3*slow)
		}
		time.Sleep(time.Minute)
		f.wantOwner("Bucket", to)
		f.wantOwned(1, 1, 1)
		if got := f.started() - before; got > 2 {
			t.Errorf("%d reconcilers were started in a minute, want the one that was moved and at most one for balance (I6)", got)
		}

		// The Pod goes: somebody else has the kind. It comes again: it goes back.
		if err := f.stop(to); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		if got := len(f.owners()); got != 3 {
			t.Errorf("%d kinds have an owner without the Pod that was chosen, want 3 (I5)", got)
		}
		f.add(to, five[:3])
		time.Sleep(20 * time.Second)
		f.wantOwner("Bucket", to)

		f.annotate("Bucket", lease.AnnotationMoveTo, from)
		time.Sleep(time.Second)
		f.wantOwner("Bucket", from)
		f.annotate("Cache", lease.AnnotationMoveTo, from)
		f.annotate("Database", lease.AnnotationMoveTo, from)
		time.Sleep(20 * time.Second)
		f.wantOwned(0, 0, 3) // all are where somebody wants them
		for _, kind := range five[:3] {
			f.annotate(kind, lease.AnnotationMoveTo, "")
		}
		time.Sleep(20 * time.Second)
		f.wantOwned(1, 1, 1)
	})
}

// TestPause: nothing moves when replicas come, what a leaving one had is taken at
// once, and the kinds are shared again when that is undone.
func TestPause(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		f.add("op-0", five)
		f.add("op-1", five)
		time.Sleep(20*time.Second + 300*time.Millisecond)
		f.wantOwned(2, 3)
		for _, kind := range five {
			f.annotate(kind, lease.AnnotationPaused, "true")
		}
		before, starts := f.owners(), f.started()
		for _, name := range names(5)[2:] {
			f.add(name, five)
		}
		time.Sleep(time.Minute)
		if got := f.owners(); !maps.Equal(got, before) || f.started() != starts {
			t.Errorf("paused, and yet %d reconcilers were started: %v, before %v", f.started()-starts, got, before)
		}

		if err := f.stop("op-0"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		time.Sleep(time.Second)
		after := f.owners()
		if len(after) != 5 {
			t.Errorf("a second after the owner left %d kinds have an owner, want 5 (I5)", len(after))
		}
		for kind, owner := range before {
			if owner == "op-1" && after[kind] != owner {
				t.Errorf("%s went from op-1 to %s although it was paused", kind, after[kind])
			}
		}
		starts = f.started()
		f.add("op-5", five)
		time.Sleep(time.Minute)
		if f.started() != starts {
			t.Errorf("%d reconcilers were started; whoever took a paused kind keeps it", f.started()-starts)
		}

		for _, kind := range five {
			f.annotate(kind, lease.AnnotationPaused, "")
		}
		time.Sleep(20 * time.Second)
		f.wantOwned(1, 1, 1, 1, 1)
	})
}

// TestMoveByHandWhileTheWatchIsDown: a choice that the owner has not seen harms
// nothing, and is followed when it has.
func TestMoveByHandWhileTheWatchIsDown(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		f.add("op-0", five[:1])
		time.Sleep(5*time.Second + 300*time.Millisecond)
		f.add("op-1", five[:1])
		time.Sleep(20 * time.Second)
		f.wantOwner("Bucket", "op-0")
		f.replicas["op-0"].breakWith(leaseapi.Fault{Err: errors.New("no watch")}, "watch", "list")
		f.api.BreakWatches()
		f.annotate("Bucket", lease.AnnotationMoveTo, "op-1")
		time.Sleep(7 * time.Second)
		f.wantOwner("Bucket", "op-0") // it renews, and does not know
		f.replicas["op-0"].heal()
		time.Sleep(time.Minute)
		f.wantOwner("Bucket", "op-1")
	})
}
