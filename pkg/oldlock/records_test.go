package oldlock_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"github.com/kindred-k8s/kindred/pkg/oldlock"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

// rawRecord is what client-go's elector compares of a Lease: JSON, with times in whole
// seconds (LeaseLock.Get).
func rawRecord(t *testing.T, l *coordinationv1.Lease) string {
	t.Helper()
	text, err := json.Marshal(resourcelock.LeaseSpecToLeaderElectionRecord(&l.Spec))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// setAhead is what a replica leaves behind whose clock is ahead.
func setAhead(by time.Duration) func(*coordinationv1.Lease) {
	return func(l *coordinationv1.Lease) {
		ahead := metav1.NewMicroTime(time.Now().Add(by))
		l.Spec.RenewTime = &ahead
	}
}

// An old elector tells records apart by what is in them, and believes the duration
// that it reads: no two records are alike to it, whatever the clocks say and however
// many write in one second, and nobody's duration is made shorter by another.
func TestRecordsAscend(t *testing.T) {
	for _, ahead := range []time.Duration{0, time.Hour} {
		t.Run(fmt.Sprintf("ahead=%v", ahead), func(t *testing.T) {
			inBubble(t, func(w *world) {
				replicas := []*replica{w.new("new-0", func(_ *replica, o *oldlock.Options) { o.Timing.LeaseDuration = 20 * time.Second })}
				for i := range 5 {
					time.Sleep(370 * time.Millisecond)
					replicas = append(replicas, w.new(fmt.Sprintf("new-%d", i+1)))
				}
				time.Sleep(5 * time.Second)
				if ahead > 0 {
					w.edit(setAhead(ahead))
				}
				versions, lastRenewal := map[string]string{}, time.Time{}
				for range 2000 {
					time.Sleep(10 * time.Millisecond)
					synctest.Wait()
					l := w.lease()
					raw := rawRecord(t, l)
					if version, known := versions[raw]; known && version == l.ResourceVersion {
						continue
					} else if known {
						t.Errorf("versions %s and %s are one record to an old elector: %s", version, l.ResourceVersion, raw)
						break
					}
					versions[raw] = l.ResourceVersion
					if !l.Spec.RenewTime.After(lastRenewal) {
						t.Errorf("renewTime went from %v to %v", lastRenewal, l.Spec.RenewTime)
					}
					lastRenewal = l.Spec.RenewTime.Time
					if seconds := *l.Spec.LeaseDurationSeconds; seconds != 20 {
						t.Errorf("the Lease lasts %d s, and a replica relies on 20", seconds)
					}
				}
				// Six replicas write three times a second, for twenty seconds.
				if len(versions) < 50 {
					t.Errorf("there were %d records, want about 60", len(versions))
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

// An old replica is not misled by a renewTime that is ahead of the clocks of those
// who renew. The world fails the test when it works beside them.
func TestClockAhead(t *testing.T) {
	inBubble(t, func(w *world) {
		a := w.new("new-0")
		time.Sleep(5 * time.Second)
		w.edit(setAhead(time.Minute))
		old := w.old("old-0", false)
		time.Sleep(3 * timing.LeaseDuration)
		w.want("new-0")
		if err := a.stop(); err != nil {
			t.Error(err)
		}
		_ = old.stop()
	})
}

// Of two replicas that wrote in one second, and are then cut off, the second acts as
// long as its write allows, and an old replica that saw the first one's write waits for
// that.
func TestWritesInOneSecond(t *testing.T) {
	saved := timing
	defer func() { timing = saved }()
	timing.LeaseDuration, timing.RenewDeadline, timing.RetryPeriod = 5*time.Second, 3*time.Second, time.Second
	for range 200 { // client-go looks at random times
		inBubble(t, func(w *world) {
			slow := func(r *replica, _ *oldlock.Options) { r.slow = make(chan struct{}) }
			a := w.new("new-a", slow)
			time.Sleep(950 * time.Millisecond)
			b := w.new("new-b", slow)
			old := w.old("old-0", false)
			time.Sleep(7*time.Second + 10*time.Millisecond)
			a.breakWith(leaseapi.Fault{Err: errDown})
			b.breakWith(leaseapi.Fault{Err: errDown})
			<-a.done
			<-b.done
			_ = old.stop()
		})
	}
}
