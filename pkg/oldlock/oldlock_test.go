package oldlock_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kindred-k8s/kindred/pkg/oldlock"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

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

// Work may end its goroutine. The lock is given back then too.
func TestWorkEndsItsGoroutine(t *testing.T) {
	inBubble(t, func(w *world) {
		a := w.new("new-0", func(r *replica, _ *oldlock.Options) { r.quits = true })
		time.Sleep(5 * time.Second)
		a.cancel()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if holder := *w.lease().Spec.HolderIdentity; holder != "" {
			t.Fatalf("the Lease is still held by %q", holder)
		}
		<-a.done
		if a.err == nil || !strings.Contains(a.err.Error(), "ended its goroutine") {
			t.Errorf("Hold returned %v", a.err)
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

// A number of transitions that cannot grow does not keep a replica from the lock.
func TestMostTransitions(t *testing.T) {
	inBubble(t, func(w *world) {
		old := w.old("old-0", true)
		time.Sleep(5 * time.Second)
		_ = old.stop()
		w.edit(func(l *coordinationv1.Lease) { l.Spec.LeaseTransitions = ptr.To[int32](math.MaxInt32) })
		a := w.new("new-0")
		time.Sleep(5 * time.Second)
		w.want("new-0")
		if n := *w.lease().Spec.LeaseTransitions; n != math.MaxInt32 {
			t.Errorf("leaseTransitions is %d, want it left alone", n)
		}
		if err := a.stop(); err != nil {
			t.Error(err)
		}
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
