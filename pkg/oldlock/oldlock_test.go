package oldlock_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kindred-k8s/kindred/pkg/oldlock"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
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

// A replica that is cut off acts no longer than its own last write allows, although
// others go on renewing the Lease.
func TestEachActsUnderItsOwnWrites(t *testing.T) {
	inBubble(t, func(w *world) {
		var until time.Time
		a := w.new("new-0", func(r *replica, o *oldlock.Options) {
			r.slow = make(chan struct{})
			o.Held = func(u time.Time) { until = u }
		})
		b := w.new("new-1")
		time.Sleep(30 * time.Second)
		a.breakWith(leaseapi.Fault{Err: errDown})
		<-a.stuck
		if !time.Now().Equal(until) {
			t.Errorf("work that does not end is reported %v after the right to act is over, want at once", time.Since(until))
		}
		<-a.done
		if !errors.Is(a.err, oldlock.ErrLost) {
			t.Errorf("Hold returned %v, want ErrLost", a.err)
		}
		w.want("new-1")
		if err := b.stop(); err != nil {
			t.Error(err)
		}
	})
}

// Work that ends when it is told to is told in time.
func TestLostInTime(t *testing.T) {
	inBubble(t, func(w *world) {
		a := w.new("new-0")
		time.Sleep(30 * time.Second)
		cut := time.Now()
		a.breakWith(leaseapi.Fault{Hang: true})
		<-a.done
		if !errors.Is(a.err, oldlock.ErrLost) {
			t.Errorf("Hold returned %v, want ErrLost", a.err)
		}
		if after := time.Since(cut); after > timing.RenewDeadline+time.Second {
			t.Errorf("the work ended after %v", after)
		}
		select {
		case <-a.stuck:
			t.Error("work that has ended in time was reported as stuck")
		default:
		}
	})
}

// What shows that somebody else may have had the lock ends the work.
func TestLostToOthers(t *testing.T) {
	for name, change := range map[string]func(*world){
		"another holder": func(w *world) {
			w.edit(func(l *coordinationv1.Lease) { l.Spec.HolderIdentity = ptr.To("someone") })
		},
		"no holder": func(w *world) {
			w.edit(func(l *coordinationv1.Lease) { l.Spec.HolderIdentity = ptr.To("") })
		},
		"held anew": func(w *world) {
			w.edit(func(l *coordinationv1.Lease) { *l.Spec.LeaseTransitions += 2 })
		},
		"deleted": func(w *world) {
			if err := w.api.Client(nil).Leases(namespace).Delete(w.t.Context(), lockName, metav1.DeleteOptions{}); err != nil {
				w.t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(w *world) {
				lost := make(chan string, 1)
				a := w.new("new-0", func(_ *replica, o *oldlock.Options) { o.Lost = func(reason string) { lost <- reason } })
				time.Sleep(30 * time.Second)
				change(w)
				at := time.Now()
				<-lost
				if time.Since(at) > timing.RetryPeriod {
					t.Errorf("it was noticed after %v, want at the next renewal", time.Since(at))
				}
				<-a.done
				if !errors.Is(a.err, oldlock.ErrLost) {
					t.Errorf("Hold returned %v, want ErrLost", a.err)
				}
			})
		})
	}
}

// An old elector tells records apart by what is in them, and believes the duration
// that it reads: no two records are equal, whatever the clocks say, and nobody's
// duration is made shorter by another.
func TestRecordsAscend(t *testing.T) {
	inBubble(t, func(w *world) {
		a := w.new("new-0", func(_ *replica, o *oldlock.Options) { o.Timing.LeaseDuration = 20 * time.Second })
		time.Sleep(5 * time.Second)
		b := w.new("new-1")
		time.Sleep(5 * time.Second)
		ahead := metav1.NewMicroTime(time.Now().Add(time.Hour))
		w.edit(func(l *coordinationv1.Lease) { l.Spec.RenewTime = &ahead })
		last, lastVersion := ahead.Time, w.lease().ResourceVersion
		for range 100 {
			time.Sleep(100 * time.Millisecond)
			synctest.Wait()
			l := w.lease()
			if l.ResourceVersion != lastVersion && !l.Spec.RenewTime.After(last) {
				t.Errorf("renewTime went from %v to %v", last, l.Spec.RenewTime)
			}
			last, lastVersion = l.Spec.RenewTime.Time, l.ResourceVersion
			if seconds := *l.Spec.LeaseDurationSeconds; seconds != 20 {
				t.Errorf("the Lease lasts %d s, and a replica relies on 20", seconds)
			}
		}
		if !last.After(ahead.Time) {
			t.Error("nothing was written")
		}
		for _, r := range []*replica{a, b} {
			if err := r.stop(); err != nil {
				t.Error(err)
			}
		}
	})
}

// A replica that stands still after it has taken the lock, for longer than that lasts,
// finds on waking that it may not begin.
func TestStoodStillWhileTaking(t *testing.T) {
	inBubble(t, func(w *world) {
		first := w.old("old-0", true)
		time.Sleep(5 * time.Second)
		a := w.new("new-0", func(r *replica, _ *oldlock.Options) { r.stands = time.Minute })
		time.Sleep(5 * time.Second)
		_ = first.stop()
		time.Sleep(timing.RetryPeriod)
		w.want()
		second := w.old("old-1", true)
		time.Sleep(2 * time.Minute)
		w.want("old-1")
		_ = second.stop()
		time.Sleep(2 * timing.RetryPeriod)
		w.want("new-0")
		if err := a.stop(); err != nil {
			t.Error(err)
		}
	})
}

// What a process is asked to do while it waits, it does.
func TestStopWhileWaiting(t *testing.T) {
	inBubble(t, func(w *world) {
		old := w.old("old-0", true)
		time.Sleep(5 * time.Second)
		a := w.new("new-0")
		time.Sleep(30 * time.Second)
		w.want("old-0")
		if err := a.stop(); err != nil {
			t.Errorf("Hold returned %v", err)
		}
		w.want("old-0")
		_ = old.stop()
	})
}

// An annotation that a hand has spoiled names nobody, and is written anew.
func TestSpoiledAnnotation(t *testing.T) {
	inBubble(t, func(w *world) {
		a := w.new("new-0")
		time.Sleep(5 * time.Second)
		w.edit(func(l *coordinationv1.Lease) { l.Annotations[oldlock.Annotation] = "everybody" })
		time.Sleep(timing.RetryPeriod)
		synctest.Wait()
		var holders map[string]string
		if err := json.Unmarshal([]byte(w.lease().Annotations[oldlock.Annotation]), &holders); err != nil || len(holders) != 1 || holders["new-0"] == "" {
			t.Errorf("the annotation says %q (%v)", w.lease().Annotations[oldlock.Annotation], err)
		}
		if err := a.stop(); err != nil {
			t.Error(err)
		}
		if l := w.lease(); *l.Spec.HolderIdentity != "" || l.Annotations[oldlock.Annotation] != "" {
			t.Errorf("the Lease was left as %v", l)
		}
	})
}
