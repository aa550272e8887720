package oldlock_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/kindred-k8s/kindred/pkg/oldlock"
)

// A rolling update: one new replica more, one old one less, until all are new.
func TestRollingUpdateForward(t *testing.T) {
	for _, release := range []bool{true, false} {
		t.Run(fmt.Sprintf("release=%v", release), func(t *testing.T) {
			inBubble(t, func(w *world) {
				var old, replicas []*replica
				for i := range 3 {
					old = append(old, w.old(fmt.Sprintf("old-%d", i), release))
					time.Sleep(time.Second)
				}
				for i := range 3 {
					replicas = append(replicas, w.new(fmt.Sprintf("new-%d", i)))
					time.Sleep(10 * time.Second)
					_ = old[i].stop() // electors return nothing
					time.Sleep(10 * time.Second)
				}
				time.Sleep(timing.LeaseDuration)
				w.want("new-0", "new-1", "new-2")
				if holder := *w.lease().Spec.HolderIdentity; holder != oldlock.Holder("op") {
					t.Errorf("the old lock is held by %q, want %q", holder, oldlock.Holder("op"))
				}
				for _, r := range replicas {
					if err := r.stop(); err != nil {
						t.Error(err)
					}
				}
			})
		})
	}
}

// The way back: old replicas wait until the last new one has gone, and then not for
// the Lease to expire.
func TestRollingUpdateBack(t *testing.T) {
	inBubble(t, func(w *world) {
		var old, replicas []*replica
		for i := range 3 {
			replicas = append(replicas, w.new(fmt.Sprintf("new-%d", i)))
		}
		time.Sleep(time.Minute)
		for i := range 3 {
			old = append(old, w.old(fmt.Sprintf("old-%d", i), false))
			time.Sleep(20 * time.Second)
			if err := replicas[i].stop(); err != nil {
				t.Error(err)
			}
			if i < 2 && len(w.workers()) != 2-i {
				t.Errorf("%v work, want the new replicas that are left", w.workers())
			}
		}
		time.Sleep(2 * timing.RetryPeriod) // a candidate of client-go looks every 2 s to 4.4 s
		time.Sleep(timing.RetryPeriod)
		if got := w.workers(); len(got) != 1 || got[0][:3] != "old" {
			t.Errorf("%v work after the last new replica has left, want an old one", got)
		}
		for _, r := range old {
			_ = r.stop()
		}
	})
}

// A new replica that has crashed may, for all that the others know, still act.
func TestCrashedReplicaIsWaitedFor(t *testing.T) {
	for _, late := range []bool{false, true} {
		t.Run(fmt.Sprintf("late=%v", late), func(t *testing.T) {
			inBubble(t, func(w *world) {
				a, b := w.new("new-0"), w.new("new-1")
				time.Sleep(10 * time.Second)
				old := w.old("old-0", false)
				time.Sleep(20 * time.Second)
				crashed := time.Now()
				a.crash()
				if late {
					time.Sleep(timing.LeaseDuration + timing.RetryPeriod)
				}
				if err := b.stop(); err != nil {
					t.Error(err)
				}
				left := time.Now()
				for len(w.workers()) == 0 {
					time.Sleep(100 * time.Millisecond)
				}
				w.want("old-0")
				if after := time.Since(crashed); after < timing.LeaseDuration-timing.RetryPeriod {
					t.Errorf("an old replica works %v after a new one has crashed, which may still act", after)
				}
				if after := time.Since(left); late && after > 3*timing.RetryPeriod {
					t.Errorf("an old replica works %v after the last new one has left: the crashed one had been forgotten by then", after)
				}
				_ = old.stop()
			})
		})
	}
}
