package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/test/faultproxy"
)

// TestAPIServerOutage: when the API server is gone for longer than the Leases
// last, all reconcilers stop in time. When it is back the same processes share
// the kinds as before.
func TestAPIServerOutage(t *testing.T) {
	f := newFleet(t)
	f.start(names(5)...)
	f.settle()
	pids := f.pids()
	mark := f.journal.mark()

	if err := plane.Kill(); err != nil {
		t.Fatal(err)
	}
	restarted := false
	t.Cleanup(func() {
		if restarted {
			return
		}
		if err := plane.Restart(context.Background()); err != nil { // the other tests need it
			t.Error(err)
		}
	})
	killed := time.Now()
	gone := time.NewTimer(f.timing.LeaseDuration + 2*f.timing.RetryPeriod) // the outage itself
	f.wantIdle(f.timing.LeaseDuration)
	t.Logf("the last reconciler stopped %v after the API server", time.Since(killed).Round(time.Millisecond))
	<-gone.C
	if starts := f.journal.starts(mark); starts != 0 {
		t.Errorf("%d reconcilers started without an API server", starts)
	}
	if err := plane.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	restarted = true
	back := time.Now()
	within(t, time.Minute, "every kind to be owned again", func(ctx context.Context) error {
		_, err := f.owned(ctx)
		return err
	})
	t.Logf("owned again %v after the API server was ready", time.Since(back).Round(time.Millisecond))
	within(t, time.Minute, "an even split", func(ctx context.Context) error {
		owners, err := f.owned(ctx)
		if got := f.counts(owners); err == nil && !slices.Equal(got, even(5, 5)) {
			err = fmt.Errorf("it is %v", got)
		}
		return err
	})
	t.Logf("even again %v after the API server was ready", time.Since(back).Round(time.Millisecond))
	f.settleWithin(time.Minute) // the operator's informers take their time to come back
	t.Logf("settled %v after the API server was ready again", time.Since(back).Round(time.Millisecond))
	if now := f.pids(); !maps.Equal(now, pids) {
		t.Errorf("the processes were %v and are %v", pids, now)
	}
}

// TestShortOutage: an API server that comes back while the Leases last changes
// nothing.
func TestShortOutage(t *testing.T) {
	f := newFleet(t, func(f *fleet) {
		f.timing = lease.Timing{LeaseDuration: 60 * time.Second, RenewDeadline: 45 * time.Second, RetryPeriod: time.Second}
	})
	f.start(names(3)...)
	f.settle()
	before, mark := f.journal.now(), f.journal.mark()
	if err := plane.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.renewed()
	if after := f.journal.now(); !maps.Equal(before, after) {
		t.Errorf("terms have changed:\n%v", f.journal.since(mark))
	}
	f.settle()
}

func (f *fleet) pids() map[string]int {
	pids := map[string]int{}
	for name, r := range f.live {
		pids[name] = r.pid
	}
	return pids
}

// wantIdle waits until no reconciler runs.
func (f *fleet) wantIdle(limit time.Duration) {
	f.t.Helper()
	within(f.t, limit, "every reconciler to stop", func(context.Context) error {
		if running := f.journal.now(); len(running) > 0 {
			return fmt.Errorf("these run: %v", running)
		}
		return nil
	})
}

// TestPartition: a replica that is cut off from the API server stops its
// reconcilers, others take its kinds over, and it takes part again afterwards, in
// the same process. Once its connections break, once its requests hang.
func TestPartition(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	proxy, kubeconfig := f.proxy("op-0")
	cut := f.launch("op-0", nil, "--kubeconfig="+kubeconfig)
	f.start("op-1", "op-2")
	for _, fault := range []func(...faultproxy.Match){proxy.Cut, proxy.Hang} {
		f.settle()
		fault()
		delete(f.live, "op-0") // for what is expected of the split
		f.settle()
		if owns := f.kindsOf("op-0"); len(owns) > 0 {
			t.Errorf("the replica that is cut off runs %v", owns)
		}
		proxy.Heal()
		f.live["op-0"] = cut
	}
	f.settle()
}

// proxy returns a fault proxy for one replica and its kubeconfig.
func (f *fleet) proxy(name string) (*faultproxy.Proxy, string) {
	f.t.Helper()
	proxy, err := faultproxy.New(plane.RESTConfig())
	if err != nil {
		f.t.Fatal(err)
	}
	path := f.dir + "/" + name + ".kubeconfig"
	err = proxy.WriteKubeconfig(path)
	f.t.Cleanup(func() {
		f.finish() // replicas must be able to leave before it closes
		err = errors.Join(err, proxy.Close())
		if err != nil {
			f.t.Error(err)
		}
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return proxy, path
}
