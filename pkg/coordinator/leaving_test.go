package coordinator_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

// hangHeartbeats makes all later writes of the replica's member Lease hang. A member's
// name has one dot, a kind's at least two.
func (r *replica) hangHeartbeats() {
	r.faulty(func(verb, name string) leaseapi.Fault {
		return leaseapi.Fault{Hang: verb == "update" && strings.Count(name, ".") == 1}
	})
}

// working returns for how long from now reconcilers run, up to a limit.
func (f *fleet) working(limit time.Duration) time.Duration {
	began := time.Now()
	for len(f.owners()) > 0 && time.Since(began) < limit {
		time.Sleep(10 * time.Millisecond)
	}
	return time.Since(began)
}

// The reconcilers of a replica that leaves go on until it has said so, and while that
// hangs for a retry period, or half of the drain timeout.
func TestReconcilersGoOnUntilItIsAnnounced(t *testing.T) {
	for _, step := range []struct {
		hangs       bool
		drain, want time.Duration
	}{
		{false, 0, 0},
		{true, 0, lease.DefaultRetryPeriod},
		{true, time.Second, time.Second / 2},
	} {
		inBubble(t, func(t *testing.T) {
			f := newFleet(t)
			a := f.add("op-0", five, func(o *coordinator.Options) { o.DrainTimeout = step.drain })
			time.Sleep(20 * time.Second)
			f.wantOwned(5)
			if step.hangs {
				a.hangHeartbeats()
			}
			a.cancel()
			if got := f.working(time.Minute); got < step.want || got > step.want+50*time.Millisecond {
				t.Errorf("%+v: they went on for %v", step, got)
			}
		})
	}
}

// Those of one that has lost the old lock do not go on: an older version may be at work.
func TestOldLockLostStopsAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		a := f.add("op-0", five, underOldLock)
		time.Sleep(20 * time.Second)
		f.wantOwned(5)
		a.hangHeartbeats()
		f.remove(oldLock)
		if got := f.working(time.Minute); got > lease.DefaultRetryPeriod+50*time.Millisecond {
			t.Errorf("they went on for %v, want until the next renewal of the old lock", got)
		}
		<-a.done
		if !errors.Is(a.err, coordinator.ErrOldLockLost) {
			t.Errorf("Run returned %v", a.err)
		}
		delete(f.replicas, "op-0")
	})
}
