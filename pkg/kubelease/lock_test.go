package kubelease_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindred-k8s/kindred/pkg/kubelease"
	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

// crashed leaves a Lease behind whose holder will never renew it, and returns
// what a watch has seen of it.
func crashed(t *testing.T, b *bench) *lease.Record {
	t.Helper()
	dead := b.run(b.plainLock("dead"), false)
	time.Sleep(time.Second)
	dead.stop()
	record := kubelease.Record(b.lease())
	return &record
}

func TestExpiredLeaseIsTakenWithoutWaitingAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		seen := crashed(t, b)
		time.Sleep(20 * time.Second)
		var won lease.LockEvent
		lock, _, err := b.store("a").Lock(shard, lease.Timing{}.WithDefaults(), seen, true, func(e lease.LockEvent) {
			if e.Kind == lease.LockAcquired {
				won = e
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		c := b.run(lock, false)
		time.Sleep(100 * time.Millisecond)
		if b.holder() != "a" || won.Term.Transitions != seen.Transitions+1 || won.SentAt.Before(began) {
			t.Errorf("holder %q, event %+v; want it taken at once in the next term", b.holder(), won)
		}
		c.stop()
	})
}

// A label that somebody adds makes the next renewal a conflict, which is tried again at
// once: it has not failed.
func TestEditOfALabelIsNoFailedRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		var renewed, reads atomic.Int32
		c := b.run(b.guardedLock("a", func(e lease.LockEvent) {
			switch e.Kind {
			case lease.LockRenewed:
				renewed.Add(1)
			case lease.LockFailed:
				t.Errorf("a renewal failed: %v", e.Err)
			}
		}), false)
		time.Sleep(5 * time.Second)
		l := b.lease()
		l.Labels = map[string]string{"team": "storage"}
		if _, err := b.client("person").Leases(l.Namespace).Update(t.Context(), l, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		b.fault("a", func(verb string) leaseapi.Fault {
			if verb == "get" {
				reads.Add(1) // the elector reads again
			}
			return leaseapi.Fault{}
		})
		before := renewed.Load()
		time.Sleep(5 * time.Second)
		if !c.isLeading() || renewed.Load() < before+2 || reads.Load() != 1 {
			t.Errorf("leading: %t, %d renewals in 5 s, %d reads, want one", c.isLeading(), renewed.Load()-before, reads.Load())
		}
		c.stop()
	})
}

func TestExpiredLeaseThatWasRenewedAfterAllIsNotStolen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		holder := b.run(b.plainLock("holder"), false)
		time.Sleep(time.Second)
		stale := kubelease.Record(b.lease())
		time.Sleep(20 * time.Second) // it renews all the while, and our watch tells nothing of it
		lock, _, err := b.store("a").Lock(shard, lease.Timing{}.WithDefaults(), &stale, true, func(e lease.LockEvent) { t.Errorf("event %+v", e) })
		if err != nil {
			t.Fatal(err)
		}
		c := b.run(lock, false)
		time.Sleep(time.Minute)
		if b.holder() != "holder" || !holder.isLeading() {
			t.Errorf("holder %q", b.holder())
		}
		c.stop()
		holder.stop()
	})
}

func TestVacantLeaseTakesOneWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		store := b.store("a")
		ctx, cancel := context.WithCancel(t.Context())
		go store.Watch(ctx, func(lease.Event) {})
		// A released Lease, as the watch shows it.
		first, _, err := store.Lock(shard, lease.Timing{}.WithDefaults(), nil, false, func(lease.LockEvent) {})
		if err != nil {
			t.Fatal(err)
		}
		c := b.run(first, false)
		time.Sleep(time.Second)
		c.stop()
		if _, err := store.Release(t.Context(), lease.Term{Shard: shard, Lease: leaseName, Holder: "a", UID: string(b.lease().UID)}, 1); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		record := kubelease.Record(b.lease())
		before := b.api.Requests()
		acquired := make(chan struct{})
		lock, _, err := store.Lock(shard, lease.Timing{}.WithDefaults(), &record, false, func(e lease.LockEvent) {
			if e.Kind == lease.LockAcquired {
				close(acquired)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		c = b.run(lock, false)
		<-acquired
		after := b.api.Requests()
		if after["get"] != before["get"] || after["update"] < before["update"]+1 {
			t.Errorf("%d reads and %d writes, want no read", after["get"]-before["get"], after["update"]-before["update"])
		}
		c.stop()
		cancel()
	})
}

func TestPlainElectorsLeaseIsAdopted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		plain := b.run(b.plainLock("plain"), false)
		time.Sleep(time.Second)
		if len(b.lease().Labels) != 0 {
			t.Fatal("a plain elector labels its Lease")
		}
		c := b.run(b.guardedLock("a", func(e lease.LockEvent) { t.Errorf("event %+v", e) }), false)
		time.Sleep(10 * time.Second)
		if b.lease().Labels[lease.LabelComponent] != "op" || b.holder() != "plain" || !plain.isLeading() {
			t.Errorf("labels %v, holder %q; want the Lease labelled and its holder left alone", b.lease().Labels, b.holder())
		}
		c.stop()
		plain.stop()
	})
}

func TestLeaseThatNamesUsBeforeWeWroteIsNotOurs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		twin := b.run(b.plainLock("a"), false)
		time.Sleep(time.Second)
		c := b.run(b.guardedLock("a", func(e lease.LockEvent) { t.Errorf("event %+v", e) }), false)
		time.Sleep(time.Minute)
		if !twin.isLeading() {
			t.Error("the twin was deposed")
		}
		c.stop()
		twin.stop()
	})
}

func TestReleaseAfterALostAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		store := b.store("a")
		var term lease.Term
		lock, _, err := store.Lock(shard, lease.Timing{}.WithDefaults(), nil, false, func(e lease.LockEvent) { term = e.Term })
		if err != nil {
			t.Fatal(err)
		}
		c := b.run(lock, false)
		time.Sleep(time.Second)
		// The renewal at two seconds happens, and nobody hears of it.
		b.fault("a", func(verb string) leaseapi.Fault { return leaseapi.Fault{LoseAnswer: verb == "update"} })
		time.Sleep(1500 * time.Millisecond)
		c.stop()
		b.fault("a", nil)
		if now, err := store.Release(t.Context(), term, 1); err != nil || now.Holder != "" || b.holder() != "" {
			t.Errorf("Release said %+v, %v and left holder %q", now, err, b.holder())
		}
		if l := b.lease(); l.Spec.LeaseTransitions == nil || int(*l.Spec.LeaseTransitions) != term.Transitions {
			t.Error("the release changed leaseTransitions")
		}
	})
}

func TestMemberLeaseIsOwnedByItsPod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		options := kubelease.Options{
			Component: "op", Namespace: "default", Identity: "op-0_x", Timing: timing,
			PodName: "op-0", PodNamespace: "default", PodUID: "1234",
		}
		if err := kubelease.NewStore(b.client("a"), options).Join(t.Context(), lease.Member{Identity: "op-0_x", Instance: "i"}); err != nil {
			t.Fatal(err)
		}
		l, err := b.client("a").Leases("default").Get(t.Context(), lease.MemberName("op", "op-0_x"), metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if len(l.OwnerReferences) != 1 || l.OwnerReferences[0].Kind != "Pod" || l.OwnerReferences[0].UID != "1234" {
			t.Errorf("owners are %v, want the Pod", l.OwnerReferences)
		}
	})
}
