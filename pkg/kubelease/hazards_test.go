package kubelease_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection"

	"github.com/kindred-k8s/kindred/pkg/kubelease"
	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

// The tests here and in hazards_release_test.go are named after what client-go's
// LeaderElector does that Kindred must not. Each shows it on the plain elector
// (v0.37), so that we learn when client-go changes, and then on ours. Those that
// need a whole replica are in package coordinator, hazards_test.go.
// docs/hazards.md tells the story.

var errDown = errors.New("connection refused")

// TestHazard2 is the part of the lock; the watch's part is in coordinator.
func TestHazard2AnotherHolderEndsTheTermAtTheNextRead(t *testing.T) {
	leads := func(t *testing.T, b *bench, c *candidate) time.Duration {
		time.Sleep(5 * time.Second)
		if !c.isLeading() {
			t.Fatal("it does not lead")
		}
		b.overwrite("intruder")
		began := time.Now()
		for c.isLeading() && time.Since(began) < time.Minute {
			time.Sleep(100 * time.Millisecond)
		}
		return time.Since(began)
	}
	t.Run("plain", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t)
			c := b.run(b.plainLock("a"), false)
			if after := leads(t, b, c); after < timing.RenewDeadline {
				t.Errorf("the plain elector stopped %v after it was deposed; it used to take the renew deadline, look at the guard", after)
			}
			c.stop()
		})
	})
	t.Run("guarded", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t)
			lost := make(chan lease.LockEventKind, 1)
			c := b.run(b.guardedLock("a", func(e lease.LockEvent) {
				if e.Kind == lease.LockTaken {
					lost <- e.Kind
				}
			}), false)
			time.Sleep(5 * time.Second)
			b.overwrite("intruder")
			began := time.Now()
			<-lost
			if after := time.Since(began); after > timing.RetryPeriod+time.Second {
				t.Errorf("the lock told it %v after the change, want at the next renewal", after)
			}
			c.stop()
			if b.holder() != "intruder" {
				t.Errorf("the holder is %q, want it left alone", b.holder())
			}
		})
	})
}

func TestHazard4OnStoppedLeadingWithoutHavingLed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		first := b.run(b.plainLock("a"), false)
		time.Sleep(time.Second)
		second := b.run(b.plainLock("b"), false)
		time.Sleep(time.Second)
		second.stop()
		if second.started != 0 || second.stopped != 1 {
			t.Errorf("started %d, stopped %d: the plain elector used to call OnStoppedLeading without having led", second.started, second.stopped)
		}
		first.stop()
	})
}

func TestHazard5FractionsOfASecondAreCut(t *testing.T) {
	odd := lease.Timing{LeaseDuration: 2900 * time.Millisecond, RenewDeadline: 2 * time.Second, RetryPeriod: 500 * time.Millisecond}
	if odd.Validate() == nil {
		t.Error("Kindred takes a lease duration of 2.9 s, which others would read as 2 s")
	}
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
			Lock: b.plainLock("a"), LeaseDuration: odd.LeaseDuration, RenewDeadline: odd.RenewDeadline, RetryPeriod: odd.RetryPeriod,
			Callbacks: leaderelection.LeaderCallbacks{OnStartedLeading: func(context.Context) {}, OnStoppedLeading: func() {}},
		})
		if err != nil {
			t.Fatalf("client-go refuses it now (%v): the guard may go", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); elector.Run(ctx) }()
		time.Sleep(time.Second)
		if got := *b.lease().Spec.LeaseDurationSeconds; got != 2 {
			t.Errorf("the plain elector wrote %d s", got)
		}
		cancel()
		<-done
	})
}

func TestHazard6ARequestThatHangs(t *testing.T) {
	// The first read hangs; then the API server is well again.
	acquired := func(t *testing.T, guarded bool) bool {
		b := newBench(t)
		hang := true
		b.fault("a", func(string) leaseapi.Fault {
			was := hang
			hang = false
			return leaseapi.Fault{Hang: was}
		})
		var c *candidate
		if guarded {
			c = b.run(b.guardedLock("a", func(lease.LockEvent) {}), false)
		} else {
			c = b.run(b.plainLock("a"), false)
		}
		time.Sleep(time.Minute)
		defer c.stop()
		return c.isLeading()
	}
	synctest.Test(t, func(t *testing.T) {
		if acquired(t, false) {
			t.Error("a plain candidate with a client without a timeout recovers from a hanging read now: the guard may go")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		if !acquired(t, true) {
			t.Error("the guarded candidate still hangs after a minute")
		}
	})
}

func TestHazard6LeaseClientHasNoRateLimit(t *testing.T) {
	workload := &rest.Config{Host: "https://127.0.0.1:1", QPS: 1, Burst: 1}
	client, err := kubelease.NewClient(workload)
	if err != nil {
		t.Fatal(err)
	}
	type hasREST interface{ RESTClient() rest.Interface }
	if limiter := client.(hasREST).RESTClient().GetRateLimiter(); limiter != nil {
		t.Errorf("Leases share a rate limiter of %v requests a second", limiter.QPS())
	}
	if workload.QPS != 1 || workload.Dial != nil {
		t.Error("the workload's config was changed")
	}
}

func TestHazard7AnElectorRemembersItsFirstRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		c := b.run(b.plainLock("a"), false)
		time.Sleep(time.Second)
		c.stop()
		b.overwrite("b")
		if !c.IsLeader() {
			t.Error("a plain elector whose Run has returned no longer says that it leads: look at the guard")
		}
	})
}

func TestHazard8HealthCheckOfAnElectorThatHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		blocker := b.run(b.plainLock("a"), false)
		time.Sleep(time.Second)
		dead := b.run(b.plainLock("b"), false)
		time.Sleep(time.Second)
		dead.stop()
		time.Sleep(time.Hour)
		if err := dead.Check(0); err != nil {
			t.Errorf("client-go's check notices a dead elector now (%v): look at coordinator.Check", err)
		}
		blocker.stop()
	})
}

func TestHazard9LeaseDeletedWhileOwned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		events := make(chan lease.LockEventKind, 100)
		plain := b.run(b.plainLock("plain"), false)
		time.Sleep(5 * time.Second)
		remove(t, b)
		time.Sleep(5 * time.Second)
		if b.holder() != "plain" || !plain.isLeading() {
			t.Error("a plain leader no longer makes a deleted Lease anew within the same leadership: look at the guard")
		}
		plain.stop()
		remove(t, b)

		guarded := b.run(b.guardedLock("guarded", func(e lease.LockEvent) { events <- e.Kind }), false)
		time.Sleep(5 * time.Second)
		remove(t, b)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if b.lease() != nil {
			t.Error("the guarded lock made a Lease anew within a term")
		}
		guarded.stop()
		close(events)
		var last lease.LockEventKind
		for kind := range events {
			last = kind
		}
		if last != lease.LockDeleted {
			t.Errorf("the last event is %v, want LockDeleted", last)
		}
	})
}

func remove(t *testing.T, b *bench) {
	t.Helper()
	if err := b.api.Client(nil).Leases("default").Delete(t.Context(), leaseName, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}

// TestHazard10 shows that no two clocks are compared: what a Lease says about
// its times makes no difference to how it is judged.
func TestHazard10TimesInALeaseAreNotCompared(t *testing.T) {
	now := time.Now()
	for _, renewed := range []time.Time{now.Add(-1000 * time.Hour), now.Add(1000 * time.Hour), {}} {
		seen := &lease.Observation{Record: lease.Record{Holder: "b", Duration: 15 * time.Second, Renewed: renewed, Acquired: renewed}, Since: now}
		if got := lease.Judge(seen, time.Minute, now.Add(14*time.Second)); got != lease.Held {
			t.Errorf("renewed %v: %v after 14 s, want held", renewed, got)
		}
		if got := lease.Judge(seen, time.Minute, now.Add(15*time.Second)); got != lease.Expired {
			t.Errorf("renewed %v: %v after 15 s, want expired", renewed, got)
		}
	}
}
