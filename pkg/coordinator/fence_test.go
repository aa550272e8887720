package coordinator_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/elect"
	"github.com/kindred-k8s/kindred/pkg/fence"
	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

// deafWriter is a reconciler that ignores its context and writes on and on, until
// it is let go.
type deafWriter struct {
	f     *fleet
	name  string
	letGo chan struct{}

	// What follows is read after it has been let go.

	last    time.Time // when the last of its writes arrived
	refused error     // how the first that did not arrive ended
	hung    error     // how a write ended whose answer never came
	hungAt  time.Time

	returned chan struct{} // closed when Run has returned
}

func (f *fleet) addDeafWriter(name string) (*replica, *deafWriter) {
	w := &deafWriter{f: f, name: name, letGo: make(chan struct{}), returned: make(chan struct{})}
	r := f.addKinds(name, []coordinator.Kind{{GroupKind: groupKind("Queue"), Reconciler: w}}, keepRunning)
	time.Sleep(5 * time.Second)
	return r, w
}

func keepRunning(o *coordinator.Options) { o.Stuck = coordinator.KeepRunning }

func (w *deafWriter) Run(ctx context.Context, term lease.Term) error {
	defer close(w.returned)
	ended := w.f.began(w.name, "Queue", term)
	ctx = context.WithoutCancel(ctx)
	hung := make(chan struct{})
	go func() {
		defer close(hung)
		w.hung = w.f.write(ctx, "Queue", 1000*time.Hour)
		w.hungAt = time.Now()
		ended() // to the fleet: from now on it can do no harm
	}()
	defer func() { <-hung }()
	for {
		select {
		case <-w.letGo:
			return nil
		case <-time.After(90 * time.Millisecond):
		}
		switch err := w.f.write(ctx, "Queue", 20*time.Millisecond); {
		case err == nil:
			w.last = time.Now()
		case w.refused == nil:
			w.refused = err
		}
	}
}

// stop lets it go and checks when and why its writes ended.
func (w *deafWriter) stop(r *replica, until time.Time, reason elect.Reason) {
	w.f.t.Helper()
	r.cancel()
	close(w.letGo)
	<-r.done
	<-w.returned // KeepRunning: the coordinator does not wait for it
	delete(w.f.replicas, w.name)
	var deposed *fence.DeposedError
	for what, err := range map[string]error{"the first write that did not arrive": w.refused, "the write that hung": w.hung} {
		if !errors.As(err, &deposed) || deposed.Reason != string(reason) {
			w.f.t.Errorf("%s ended with %v, want the reason %q", what, err, reason)
		}
	}
	if !w.hungAt.Equal(until) {
		w.f.t.Errorf("the write that hung was cancelled %v after %v", w.hungAt.Sub(until), until)
	}
	if !w.last.Before(until) || until.Sub(w.last) > time.Second {
		w.f.t.Errorf("the last write arrived %v before the right to write ended, want little, and not after", until.Sub(w.last))
	}
}

// I4: a replica that is cut off from its Leases, but not from its objects, and whose
// reconciler ignores everything.
func TestNoWriteAfterSafeUntil(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		r, w := f.addDeafWriter("op-0")
		f.add("op-1", []string{"Queue"})
		time.Sleep(6 * time.Second)
		r.breakWith(leaseapi.Fault{Hang: true})
		// Everything is instant here: the last renewal was sent at its renewTime.
		timing := lease.Timing{}.WithDefaults()
		safe := timing.SafeUntil(f.lease("Queue").Spec.RenewTime.Time)
		time.Sleep(30 * time.Second)
		if owner := f.owners()["Queue"]; owner != "op-1" {
			t.Errorf("Queue is owned by %q, want op-1 to have taken over", owner)
		}
		r.heal()
		w.stop(r, safe, elect.SafeUntilPassed)
	})
}

func TestRightToWriteFollowsTheLease(t *testing.T) {
	for name, c := range map[string]struct {
		do     func(f *fleet)
		after  time.Duration // when the right ends
		reason elect.Reason
	}{
		"another holder": {func(f *fleet) { f.edit("Queue", func(holder *string, _ *int32) { *holder = "intruder" }) }, 0, elect.HolderChanged},
		"released":       {func(f *fleet) { f.edit("Queue", func(holder *string, _ *int32) { *holder = "" }) }, 0, elect.HolderChanged},
		"deleted":        {func(f *fleet) { f.remove(f.leaseName("Queue")) }, 0, elect.LeaseDeleted},
		// Two seconds less the margin, from when the replica saw it.
		"shortened": {func(f *fleet) { f.edit("Queue", func(_ *string, seconds *int32) { *seconds = 2 }) }, 1900 * time.Millisecond, elect.LeaseEdited},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				f := newFleet(t)
				r, w := f.addDeafWriter("op-0")
				time.Sleep(1300 * time.Millisecond) // between two renewals: one would undo an edit
				until := time.Now().Add(c.after)
				c.do(f)
				time.Sleep(time.Minute)
				w.stop(r, until, c.reason)
			})
		})
	}
}

// The watch is broken too: the elector's own read finds another holder.
func TestRightToWriteFollowsAReadOfTheLease(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		r, w := f.addDeafWriter("op-0")
		r.breakWith(leaseapi.Fault{Err: errDown}, "watch", "list")
		f.api.BreakWatches()
		edited := time.Now()
		f.edit("Queue", func(holder *string, _ *int32) { *holder = "intruder" })
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if after := w.hungAt.Sub(edited); after <= 0 || after > 3*time.Second {
			t.Errorf("the right to write ended %v after the edit, want the next renewal", after)
		}
		r.heal()
		w.stop(r, w.hungAt, elect.HolderChanged)
	})
}

// What a reconciler finishes with when it is told to stop is written under a Lease
// that is still its own. What it leaves behind is not.
func TestDrainMayWriteAndNothingAfterIt(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		leftOver := make(chan error, 1)
		f.addKinds("op-0", []coordinator.Kind{{GroupKind: groupKind("Queue"), Reconciler: coordinator.ReconcilerFunc(
			func(ctx context.Context, term lease.Term) error {
				defer f.began("op-0", "Queue", term)()
				<-ctx.Done()
				ctx = context.WithoutCancel(ctx)
				go func() { leftOver <- f.write(ctx, "Queue", time.Hour) }()
				// Longer than the Lease lasts without renewals.
				for range 18 {
					time.Sleep(time.Second)
					if err := f.write(ctx, "Queue", 5*time.Millisecond); err != nil {
						t.Errorf("a write while draining: %v", err)
					}
				}
				return nil
			})}})
		time.Sleep(5 * time.Second)
		f.add("op-1", []string{"Queue"})
		time.Sleep(5 * time.Second)
		if err := f.stop("op-0"); err != nil {
			t.Error(err)
		}
		var deposed *fence.DeposedError
		if err := <-leftOver; !errors.As(err, &deposed) || !deposed.Sent || deposed.Reason != string(elect.HasReturned) {
			t.Errorf("a write that the reconciler left behind ended with %v", err)
		}
		time.Sleep(5 * time.Second)
		f.wantOwned(1)
	})
}

// Errors, logs and the core use the same words.
func TestOneWordForExpiry(t *testing.T) {
	if fence.Expired != string(elect.SafeUntilPassed) {
		t.Errorf("fence says %q, elect %q", fence.Expired, elect.SafeUntilPassed)
	}
}
