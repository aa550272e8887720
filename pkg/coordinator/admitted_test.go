package coordinator_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/fence"
)

// gate is an API server that lets a replica's writes through when it is told to.
type gate struct {
	asked  int
	refuse error
	open   chan error
}

func (g *gate) into(o *coordinator.Options) {
	o.Admitted = func(ctx context.Context, kind schema.GroupKind) error {
		g.asked++
		if kind != groupKind("Queue") || fence.FromContext(ctx) == nil {
			return errors.New("asked with the wrong kind or context")
		}
		if g.refuse != nil {
			return g.refuse
		}
		select {
		case err := <-g.open:
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func electedNow(r *replica) bool {
	select {
	case <-r.Elected(groupKind("Queue")):
		return true
	default:
		return false
	}
}

// The term begins, for the reconciler and for who waits for Elected, when the API
// server admits its writes.
func TestTermBeginsWhenAdmitted(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		g := &gate{open: make(chan error)}
		r := f.add("op-0", []string{"Queue"}, g.into)
		time.Sleep(20*time.Second + time.Millisecond)
		if f.started() != 0 || electedNow(r) || g.asked != 1 {
			t.Fatalf("%d reconcilers started, elected %v, asked %d times; want to wait once", f.started(), electedNow(r), g.asked)
		}
		if l := f.lease("Queue"); l == nil || *l.Spec.HolderIdentity != r.Identity() {
			t.Errorf("the Lease is %v, want it held and renewed while waiting", l)
		}
		g.open <- nil
		synctest.Wait()
		if f.started() != 1 || !electedNow(r) {
			t.Errorf("%d reconcilers started, elected %v after it was admitted", f.started(), electedNow(r))
		}
	})
}

// A replica that is not admitted gives the kind up, so that another may try.
func TestNotAdmittedGivesTheKindUp(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		g := &gate{refuse: errors.New("not allowed to patch the status")}
		f.add("op-0", []string{"Queue"}, g.into)
		time.Sleep(time.Second + time.Millisecond) // it wins, is refused, and pauses for a second
		f.add("op-1", []string{"Queue"})
		time.Sleep(20*time.Second + time.Millisecond)
		if owners := f.owners(); owners["Queue"] != "op-1" || g.asked < 1 {
			t.Errorf("Queue is owned by %q, asked %d times; want it with op-1, which is admitted", owners["Queue"], g.asked)
		}
	})
}

// A term that ends while it is waited for never begins.
func TestLeavingWhileNotYetAdmitted(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		g := &gate{open: make(chan error)}
		f.add("op-0", []string{"Queue"}, g.into)
		time.Sleep(5*time.Second + time.Millisecond)
		if err := f.stop("op-0"); err != nil {
			t.Error(err)
		}
		if l := f.lease("Queue"); f.started() != 0 || l == nil || *l.Spec.HolderIdentity != "" {
			t.Errorf("%d reconcilers started, the Lease is %v; want none and a free Lease", f.started(), l)
		}
	})
}
