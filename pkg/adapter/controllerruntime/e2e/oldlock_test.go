package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/oldlock"
)

const oldLock = "op.kindred.dev"

var bothKinds = []schema.GroupKind{database, queue}

// oldVersion starts a usual manager, with one lock for everything. The result stops
// it.
func (f *fleet) oldVersion(name string) (stop func()) {
	f.t.Helper()
	mgr, err := ctrl.NewManager(plane.RESTConfig(), manager.Options{
		LeaderElection: true, LeaderElectionID: oldLock, LeaderElectionNamespace: f.namespace, LeaderElectionReleaseOnCancel: true,
		LeaseDuration: ptr.To(short.LeaseDuration), RenewDeadline: ptr.To(short.RenewDeadline), RetryPeriod: ptr.To(short.RetryPeriod),
		Metrics: server.Options{BindAddress: "0"}, HealthProbeBindAddress: "0", Logger: logr.Discard(),
		Cache:      cache.Options{DefaultNamespaces: map[string]cache.Config{f.namespace: {}}},
		Controller: config.Controller{SkipNameValidation: ptr.To(true)},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	r := &replica{fleet: f, name: name}
	for _, kind := range bothKinds {
		if err := r.setup(kind)(mgr); err != nil {
			f.t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := mgr.Start(ctx); err != nil {
			f.t.Errorf("%s: Start returned %v", name, err)
		}
	}()
	stop = func() {
		cancel()
		<-done
	}
	f.t.Cleanup(stop)
	return stop
}

// TestOldLock is a rolling update from a usual manager, with controller-runtime's own
// leader election, to one whose kinds are shared, and back. The fleet fails the test
// when two replicas run a kind at once.
func TestOldLock(t *testing.T) {
	f := newFleet(t)
	stopOld := f.oldVersion("old-0")
	f.wantRuns("old-")

	underOldLock := func(o *coordinator.Options) { o.OldLock = oldLock }
	first := f.newReplica("new-0").own(bothKinds, underOldLock).start()
	second := f.newReplica("new-1").own(bothKinds, underOldLock).start()
	f.outlast(false)
	f.wantRuns("old-")
	stopOld()
	f.wantRuns("new-")
	f.outlast(true)

	stopOld = f.oldVersion("old-1")
	first.stop()
	f.outlast(true)
	f.wantRuns("new-1")
	second.stop()
	f.wantRuns("old-1")
	stopOld()
}

// wantRuns waits until both kinds are run by replicas whose names begin so.
func (f *fleet) wantRuns(prefix string) {
	f.t.Helper()
	within(f.t, settleTimeout, "both kinds to be run by "+prefix, func() error {
		running := f.running()
		for _, kind := range bothKinds {
			if !strings.HasPrefix(running[kind], prefix) {
				return fmt.Errorf("they are run by %v", running)
			}
		}
		return nil
	})
}

// outlast waits until the old lock has been renewed for longer than it lasts, by all
// new replicas together or by an old one.
func (f *fleet) outlast(together bool) {
	f.t.Helper()
	from := time.Now()
	within(f.t, settleTimeout, "the old lock to be held", func() error {
		l, err := plane.client.CoordinationV1().Leases(f.namespace).Get(f.t.Context(), oldLock, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if holder := ptr.Deref(l.Spec.HolderIdentity, ""); together != (holder == oldlock.Holder("op")) {
			return fmt.Errorf("its holder is %q", holder)
		}
		if held := l.Spec.RenewTime.Sub(from); held < short.LeaseDuration {
			return fmt.Errorf("it has been held for %v", held)
		}
		return nil
	})
}
