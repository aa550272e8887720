package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindred-k8s/kindred/pkg/oldlock"
)

// oldLock is the one Lease of the version before.
const oldLock = "sample-operator-lock"

// oldVersion is a replica of the version before: client-go's elector with one lock
// for everything.
func (f *fleet) oldVersion(name string, release bool) *contender {
	f.t.Helper()
	return f.plainOn(oldLock, name, database, release)
}

// newVersion starts a replica that knows of the old lock.
func (f *fleet) newVersion(name string, flags ...string) *replica {
	f.t.Helper()
	return f.launch(name, nil, append(flags, "--leader-elect-old-lock="+oldLock)...)
}

// TestOldLock is a rolling update from one lock for everything to a Lease for each
// kind, and back, on a real API server: the old version is client-go's elector, the
// new one are processes. The journal fails the test when two ever work at once.
func TestOldLock(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	old := f.oldVersion("old-0", true)
	f.wantLeader(old)
	standby := f.oldVersion("old-1", true)

	// Forward: the new replicas wait as long as an old one leads.
	f.newVersion("op-0").says("Waiting: a replica of an older version has the lock")
	standby.leave()
	f.newVersion("op-1").says("Waiting: a replica of an older version has the lock")
	mark := f.journal.mark()
	old.leave()
	f.settle()
	f.wantGap(mark, "after the old leader had released its lock", 2*f.timing.RetryPeriod)
	f.wantHolder(oldlock.Holder(f.component))

	// Old replicas that come late, or are started again, wait. A crash of a new replica
	// is a crash as ever.
	late := f.oldVersion("old-2", true)
	f.newVersion("op-2")
	f.settle()
	f.crash("op-0")
	f.wantHolder(oldlock.Holder(f.component))

	// Back: the old version waits for the last new replica, and then does not have to
	// wait for the Lease to expire.
	f.stop("op-1")
	f.settle()
	f.wantForgotten("op-0") // until then it may live, and the Lease is left to expire
	mark = f.journal.mark()
	f.stop("op-2")
	f.wantLeader(late)
	// A candidate of client-go looks at the Lease every retryPeriod to 2.2 times that.
	f.wantGap(mark, "after the last new replica had stopped", 3*f.timing.RetryPeriod)
	late.leave()
}

// TestOldLockAfterCrashes: who does not release leaves the other version to wait until
// the lock expires, in both directions.
func TestOldLockAfterCrashes(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	old := f.oldVersion("old-0", false)
	f.wantLeader(old)
	f.newVersion("op-0").says("Waiting: a replica of an older version has the lock")
	mark := f.journal.mark()
	old.leave()
	f.settle()
	f.wantExpiry(mark, "after the old leader had ended without a release")

	f.newVersion("op-1")
	f.settle()
	next := f.oldVersion("old-1", false)
	mark = f.journal.mark()
	for _, name := range f.names() {
		f.kill(name)
	}
	f.wantLeader(next)
	f.wantExpiry(mark, "after all new replicas had been killed")
	next.leave()
}

// wantForgotten waits until those who hold the old lock do not count a replica any more.
func (f *fleet) wantForgotten(name string) {
	f.t.Helper()
	within(f.t, settleTimeout, name+" to be forgotten", func(ctx context.Context) error {
		l, err := plane.client.CoordinationV1().Leases(f.namespace).Get(ctx, oldLock, metav1.GetOptions{})
		if err == nil && strings.Contains(l.Annotations[oldlock.Annotation], name+"_") {
			err = fmt.Errorf("the Lease is held by %s", l.Annotations[oldlock.Annotation])
		}
		return err
	})
}

// wantGap checks how long kinds were without a reconciler.
func (f *fleet) wantGap(mark int, when string, most time.Duration) {
	f.t.Helper()
	gaps := f.journal.gaps(mark)
	f.t.Logf("without a reconciler %s: %v", when, gaps)
	if len(gaps) != len(f.kinds) {
		f.t.Errorf("%s: %d kinds have changed hands, want %d", when, len(gaps), len(f.kinds))
	}
	for kind, gap := range gaps {
		if gap > most+time.Second {
			f.t.Errorf("%s was without a reconciler for %v %s, want at most %v and a second for requests", kind, gap, when, most)
		}
	}
}

// wantExpiry checks that a lock was left to expire, and not taken before.
func (f *fleet) wantExpiry(mark int, when string) {
	f.t.Helper()
	f.wantGap(mark, when, f.timing.LeaseDuration+4*f.timing.RetryPeriod)
	for kind, gap := range f.journal.gaps(mark) {
		if least := f.timing.LeaseDuration - 2*f.timing.RetryPeriod; gap < least {
			f.t.Errorf("%s was taken over after %v %s, when it could not have expired", kind, gap, when)
		}
	}
}

// wantHolder checks who holds the old lock.
func (f *fleet) wantHolder(want string) {
	f.t.Helper()
	within(f.t, settleTimeout, "the old lock to be held by "+want, func(ctx context.Context) error {
		l, err := plane.client.CoordinationV1().Leases(f.namespace).Get(ctx, oldLock, metav1.GetOptions{})
		if err == nil && (l.Spec.HolderIdentity == nil || *l.Spec.HolderIdentity != want) {
			err = fmt.Errorf("it is held by %v", l.Spec.HolderIdentity)
		}
		return err
	})
}
