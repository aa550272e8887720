package e2e

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	knative "knative.dev/pkg/leaderelection"
	"knative.dev/pkg/reconciler"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// TestPlainElector: a plain LeaderElector on the Lease of one kind and Kindred
// wait for each other, both after a release and after a crash.
func TestPlainElector(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.compete(f.plain("plain", database, true))

	// Now it is the plain one that has to wait: it leads when no replica is left.
	crashing := f.plain("crashing", database, false)
	f.outlast(database, f.owner(database))
	f.stop(f.names()...)
	f.wantLeader(crashing)
	f.start("op-2", "op-3")
	f.othersOwned(database)
	f.outlast(database, "crashing")
	mark := f.journal.mark()
	crashing.leave()
	f.settle()
	gap := f.journal.gaps(mark)[database]
	t.Logf("without a reconciler after the plain elector's crash: %v", gap)
	if least := f.timing.LeaseDuration - f.timing.RetryPeriod - time.Second; gap < least {
		t.Errorf("its Lease had not expired: that is less than %v", least)
	}
}

// TestKnative: Knative's elector of one reconciler, given the name of Kindred's
// Lease, and Kindred wait for each other.
//
// Not parallel: Knative reads its namespace from the environment.
func TestKnative(t *testing.T) {
	f := newFleet(t)
	t.Setenv("SYSTEM_NAMESPACE", f.namespace)
	f.compete(f.knative("knative", database))
	waiting := f.knative("waiting", database)
	f.outlast(database, f.owner(database))
	f.stop(f.names()...)
	f.wantLeader(waiting)
}

// compete checks that replicas leave a kind to the contender that has it, run the
// others, and take it over when it is released. Two replicas live afterwards.
func (f *fleet) compete(c *contender) {
	f.t.Helper()
	f.wantLeader(c)
	f.start("op-0", "op-1")
	f.othersOwned(c.kind)
	f.outlast(c.kind, c.name)
	// Without the labels a replica would not see the Lease being released.
	if leases, err := f.leases(f.t.Context(), lease.RoleOwner); err != nil || leases[f.leaseName(c.kind)] == nil {
		f.t.Errorf("the Lease that %s made has no labels: %v (%v)", c.name, slices.Sorted(maps.Keys(leases)), err)
	}
	mark := f.journal.mark()
	c.leave()
	f.settle()
	gap := f.journal.gaps(mark)[c.kind]
	f.t.Logf("without a reconciler after the release by %s: %v", c.name, gap)
	if gap > f.timing.RetryPeriod {
		f.t.Errorf("Kindred polled for it, or waited: that is more than %v", f.timing.RetryPeriod)
	}
}

// othersOwned waits until all kinds but one belong to replicas. The even split is
// not asked for: the plan has given that one to somebody too.
func (f *fleet) othersOwned(kind string) {
	f.t.Helper()
	all := f.kinds
	f.kinds = slices.DeleteFunc(slices.Clone(all), func(k string) bool { return k == kind })
	defer func() { f.kinds = all }()
	f.allOwned()
}

// allOwned waits until each kind has one reconciler, whatever the split.
func (f *fleet) allOwned() {
	f.t.Helper()
	within(f.t, settleTimeout, "an owner for each kind", func(ctx context.Context) error {
		if _, err := f.owned(ctx); err != nil {
			return err
		}
		return f.reconciled(ctx)
	})
}

// knative is the standard elector that Knative builds for one reconciler. Its
// configuration can map the prefix of the Lease's name only, since it appends
// .00-of-01; the whole name comes from a function, as Knative's autoscaler does it.
func (f *fleet) knative(name, kind string) *contender {
	f.t.Helper()
	return f.contend(name, kind, func(c *contender) func(context.Context) {
		client, err := kubernetes.NewForConfig(plane.config)
		if err != nil {
			f.t.Fatal(err)
		}
		ctx := knative.WithStandardLeaderElectorBuilder(f.t.Context(), client, knative.ComponentConfig{
			Component: f.component, Buckets: 1, Identity: name,
			LeaseDuration: f.timing.LeaseDuration, RenewDeadline: f.timing.RenewDeadline, RetryPeriod: f.timing.RetryPeriod,
			LeaseName: func(uint32) string { return f.leaseName(kind) },
		})
		work := &reconciler.LeaderAwareFuncs{
			PromoteFunc: func(reconciler.Bucket, func(reconciler.Bucket, types.NamespacedName)) error {
				c.lead()
				return nil
			},
			DemoteFunc: func(reconciler.Bucket) { c.halt() },
		}
		elector, err := knative.BuildElector(ctx, work, "databases", func(reconciler.Bucket, types.NamespacedName) {})
		if err != nil {
			f.t.Fatal(err)
		}
		return elector.Run
	})
}

func wantOwner(want, got string) error {
	if want != got {
		return fmt.Errorf("the owner is %q, want %s", got, want)
	}
	return nil
}

// heldFor compares two times that the same holder wrote.
func heldFor(acquired, renewed *metav1.MicroTime, least time.Duration) error {
	if acquired == nil || renewed == nil {
		return fmt.Errorf("acquired at %v, renewed at %v", acquired, renewed)
	}
	if held := renewed.Sub(acquired.Time); held < least {
		return fmt.Errorf("held for %v, want %v", held, least)
	}
	return nil
}
