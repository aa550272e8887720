package e2e

import (
	"syscall"
	"testing"
	"time"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/elect"
)

// TestStuckWhenLeaving: a replica is asked to stop, and one of its reconcilers
// does not. The process ends, and the kind is taken over when its Lease expires.
func TestStuckWhenLeaving(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	stubborn := f.launch("op-0", nil, "--ignore-cancel=Database", "--drain-timeout=2s")
	f.settle() // so that it is the one that has Database
	mark := f.journal.mark()
	stubborn.signal(syscall.SIGTERM)
	f.exits("op-0", coordinator.ExitCodeStuck)
	stubborn.says(string(elect.StuckDraining))
	f.start("op-1", "op-2")
	f.settle()
	gaps := f.journal.gaps(mark)
	t.Logf("without a reconciler: %v", gaps)
	if gaps[database] < f.timing.LeaseDuration-f.timing.RetryPeriod-time.Second {
		t.Errorf("taken over although the Lease had not expired")
	}
}

// TestStuckWhenCutOff: a replica cannot renew, and its reconcilers do not stop.
// The process ends before anybody else starts them. With the default timings the
// time between the two is 0.75 s, which a busy machine needs to note the end.
func TestStuckWhenCutOff(t *testing.T) {
	t.Parallel()
	f := newFleet(t, func(f *fleet) { f.timing = defaults })
	proxy, kubeconfig := f.proxy("op-0")
	stubborn := f.launch("op-0", nil, "--kubeconfig="+kubeconfig, "--ignore-cancel=Database,Queue,Topic,Cache,Bucket")
	f.settle()
	f.start("op-1", "op-2")
	f.wantMembers()
	mark := f.journal.mark()
	proxy.Hang()
	f.exits("op-0", coordinator.ExitCodeStuck)
	stubborn.says(string(elect.StuckSafeUntil))
	f.settle()
	t.Logf("from the end of the process to the next reconciler: %v", f.journal.gaps(mark))
}
