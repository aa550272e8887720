package e2e

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"
)

// TestStop: a replica that is asked to stop hands its kinds over, and they are
// without a reconciler for a moment only.
func TestStop(t *testing.T) {
	f := newFleet(t)
	f.start(names(5)...)
	f.settle()
	// The last ones own more than one kind each.
	for _, name := range []string{"op-0", "op-1", "op-2", "op-3"} {
		handed := f.kindsOf(name)
		mark := f.journal.mark()
		f.stop(name)
		f.settle()
		gaps := f.journal.gaps(mark)
		t.Logf("%d replicas are left; without a reconciler: %v", len(f.live), gaps)
		for _, kind := range handed {
			gap, taken := gaps[kind]
			if !taken {
				t.Errorf("%s was not taken over from %s", kind, name)
			}
			// A retry period, or the grace period after which anyone may take a kind,
			// would be one second. Some tens of milliseconds are normal.
			if gap > short.RetryPeriod/2 {
				t.Errorf("%s was without a reconciler for %v after %s had stopped", kind, gap, name)
			}
		}
		f.wantMembers()
	}
}

// wantMembers waits until exactly the live replicas have member Leases.
func (f *fleet) wantMembers() {
	f.t.Helper()
	within(f.t, settleTimeout, "a member Lease for each live replica and no other", func(ctx context.Context) error {
		members, err := f.members(ctx)
		if err == nil && !slices.Equal(members, f.names()) {
			err = fmt.Errorf("members are %v, replicas %v", members, f.names())
		}
		return err
	})
}

// TestKill: what a killed replica owned is taken over when its Leases have
// expired, not earlier and not much later, and the others keep what they have.
func TestKill(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.start(names(5)...)
	f.settle()
	f.crash("op-3")
	f.crash("op-0")
}

// TestDefaultTimings does the same with Kubernetes' own 15 s, 10 s and 2 s.
func TestDefaultTimings(t *testing.T) {
	t.Parallel()
	f := newFleet(t, func(f *fleet) { f.timing, f.rebalance = defaults, 3*time.Second })
	f.start(names(5)...)
	f.settle()
	mark := f.journal.mark()
	f.stop("op-4")
	f.settle()
	for kind, gap := range f.journal.gaps(mark) {
		t.Logf("%s was without a reconciler for %v after a stop", kind, gap)
		if gap > f.timing.RetryPeriod/2 {
			t.Errorf("that is longer than half a retry period")
		}
	}
	f.crash("op-1")
}

// crash kills a replica and checks the takeover.
func (f *fleet) crash(name string) {
	f.t.Helper()
	before, mark := f.journal.now(), f.journal.mark()
	f.kill(name)
	f.settle()
	after, gaps := f.journal.now(), f.journal.gaps(mark)
	// The last renewal was at most a retry period before the end, and the new owner
	// has watched that for a whole lease duration. The second is for requests.
	least := f.timing.LeaseDuration - f.timing.RetryPeriod - time.Second
	most := f.timing.LeaseDuration + 3*time.Second
	for _, kind := range f.kinds {
		if before[kind].Replica != name {
			if before[kind] != after[kind] {
				f.t.Errorf("%s belonged to %s and was moved when %s was killed", kind, before[kind].Replica, name)
			}
			continue
		}
		f.t.Logf("%s was taken over %v after %s had been killed", kind, gaps[kind].Round(time.Millisecond), name)
		if gap := gaps[kind]; gap < least || gap > most {
			f.t.Errorf("that is not between %v and %v", least, most)
		}
	}
}
