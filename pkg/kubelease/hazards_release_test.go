package kubelease_test

import (
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

// Hazards 1 and 3: what client-go's release does.

// staleRelease makes a leader whose renewals fail and whose read during the
// release is answered late, when another replica has taken over.
func staleRelease(b *bench, leader string) {
	b.fault(leader, func(verb string) leaseapi.Fault {
		if verb == "get" {
			return leaseapi.Fault{Delay: 8 * time.Second}
		}
		return leaseapi.Fault{Err: errDown}
	})
}

// blanked says whether the Lease was taken over and then lost its new holder
// while that one led. A third replica may then acquire beside it.
func blanked(b *bench, others ...*candidate) (taken, blanked bool) {
	for range 10_000 {
		time.Sleep(time.Millisecond)
		holder, leading := b.holder(), false
		for _, c := range others {
			leading = leading || c.isLeading()
		}
		taken = taken || holder == "b" || holder == "c"
		blanked = blanked || taken && leading && holder == ""
	}
	return taken, blanked
}

func TestHazard1StaleReleaseBlanksTheSuccessorsLease(t *testing.T) {
	play := func(t *testing.T, lock func(b *bench) resourcelock.Interface) (bool, bool) {
		b := newBench(t)
		a := b.run(lock(b), true)
		time.Sleep(time.Second)
		second, third := b.run(b.plainLock("b"), true), b.run(b.plainLock("c"), true)
		time.Sleep(4 * time.Second)
		// From the last renewal, at 4 s, on: renewals fail, the elector gives up at
		// 16 s and releases. The read of its release is answered at 24 s, when b or c
		// has taken over, and its write gets through.
		staleRelease(b, "a")
		time.Sleep(15 * time.Second)
		b.fault("a", func(verb string) leaseapi.Fault {
			if verb == "get" {
				return leaseapi.Fault{Delay: 4 * time.Second}
			}
			return leaseapi.Fault{}
		})
		taken, lost := blanked(b, second, third)
		a.stop()
		second.stop()
		third.stop()
		return taken, lost
	}
	// The electors draw when they look. Nearly every play has the successor take over
	// before the late answer.
	plays := func(t *testing.T, lock func(b *bench) resourcelock.Interface) (taken, blanked int) {
		for range 10 {
			synctest.Test(t, func(t *testing.T) {
				wasTaken, wasBlanked := play(t, lock)
				if wasTaken {
					taken++
				}
				if wasBlanked {
					blanked++
				}
			})
		}
		return taken, blanked
	}
	t.Run("plain", func(t *testing.T) {
		taken, blanked := plays(t, func(b *bench) resourcelock.Interface { return b.plainLock("a") })
		if taken == 0 || blanked == 0 {
			t.Errorf("of 10 plays, taken over in %d, blanked in %d: the plain elector used to blank its successor's Lease; client-go may have been fixed, look at the guard", taken, blanked)
		}
	})
	t.Run("guarded", func(t *testing.T) {
		taken, blanked := plays(t, func(b *bench) resourcelock.Interface { return b.guardedLock("a", func(lease.LockEvent) {}) })
		if taken != 10 || blanked != 0 {
			t.Errorf("of 10 plays, taken over in %d, blanked in %d: want the successor's Lease left alone in all", taken, blanked)
		}
	})
}

func TestHazard1ReleaseWritesOnlyOverItsOwnTerm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		var term lease.Term
		store := b.store("a")
		lock, _, err := store.Lock(shard, lease.Timing{}.WithDefaults(), nil, false, func(e lease.LockEvent) { term = e.Term })
		if err != nil {
			t.Fatal(err)
		}
		a := b.run(lock, false)
		time.Sleep(time.Second)
		a.stop()
		b.overwrite("b")
		now, err := store.Release(t.Context(), term, 1)
		if err != nil || now == nil || now.Holder != "b" || b.holder() != "b" {
			t.Errorf("Release said %v, %v and left holder %q; want the successor's Lease untouched", now, err, b.holder())
		}
		b.overwrite("a") // names us again, but in the term of somebody's hand
		if l := b.lease(); l.Spec.LeaseTransitions != nil {
			*l.Spec.LeaseTransitions += 5
			if _, err := b.api.Client(nil).Leases("default").Update(t.Context(), l, metav1.UpdateOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := store.Release(t.Context(), term, 1); err != nil || b.holder() != "a" {
			t.Errorf("Release freed another term's Lease (%v)", err)
		}
	})
}

func TestHazard1LockNeverWritesAnotherHolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		lock := b.guardedLock("a", func(lease.LockEvent) {})
		c := b.run(lock, false)
		time.Sleep(time.Second)
		for _, holder := range []string{"", "b"} {
			err := lock.Update(t.Context(), resourcelock.LeaderElectionRecord{HolderIdentity: holder, LeaseDurationSeconds: 1})
			if err == nil || b.holder() != "a" {
				t.Errorf("the lock wrote holder %q (%v)", holder, err)
			}
		}
		c.stop()
	})
}

func TestHazard3PlainElectorReleasesBeforeTheWorkIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		c := b.run(b.plainLock("a"), true)
		time.Sleep(5 * time.Second)
		c.mu.Lock()
		work := c.leadCtx
		c.mu.Unlock()
		// Renewals fail until the elector gives up, and the API server is back for the
		// write of its release, which follows a slow read.
		cut, workWentOn := time.Now(), false
		b.fault("a", func(verb string) leaseapi.Fault {
			switch {
			case verb == "get":
				return leaseapi.Fault{Delay: 400 * time.Millisecond}
			case time.Since(cut) < timing.RenewDeadline+1200*time.Millisecond:
				return leaseapi.Fault{Err: errDown}
			}
			workWentOn = work.Err() == nil
			return leaseapi.Fault{}
		})
		<-c.ended
		if b.holder() != "" || !workWentOn {
			t.Errorf("holder %q, work going on at the release: %v; the plain elector used to release before it cancels the work", b.holder(), workWentOn)
		}
		c.stop()
	})
}
