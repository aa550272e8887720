package storetest

import (
	"errors"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

func leaderRecord(holder string, transitions int) resourcelock.LeaderElectionRecord {
	now := metav1.Now()
	return resourcelock.LeaderElectionRecord{
		HolderIdentity: holder, LeaseDurationSeconds: int(Timing.LeaseDuration / time.Second),
		AcquireTime: now, RenewTime: now, LeaderTransitions: transitions,
	}
}

func member(identity, instance string, phase lease.Phase) lease.Member {
	return lease.Member{
		Identity: identity, Instance: instance, Phase: phase, Capacity: 1,
		Serves: []lease.Served{{Shard: shard.String(), Weight: 1}},
	}
}

// testWatch: what exists is told first, then Synced, then every change in order.
func testWatch(e *env) {
	a := e.store("a_1")
	first := e.won(a, nil, false)
	w := e.watch(e.store("b_1"))
	seen := e.await(w, "the Lease that exists", func(v lease.Event) bool { return v.Kind == lease.OwnerSeen })
	if seen.Name != leaseName || seen.Record.Holder != "a_1" || seen.Version != first.Version || seen.Record.UID != first.Term.UID {
		e.Errorf("told %+v, want the Lease as a_1 has written it", seen)
	}
	e.await(w, "Synced", func(v lease.Event) bool { return v.Kind == lease.Synced })
	w.mu.Lock()
	order := []lease.EventKind{w.events[0].Kind, w.events[1].Kind}
	w.mu.Unlock()
	if order[0] != lease.OwnerSeen || order[1] != lease.Synced {
		e.Errorf("told %v, want what exists before Synced", order)
	}
	released, err := a.Release(e.Context(), first.Term, 1)
	e.must(err)
	e.await(w, "the release", func(v lease.Event) bool { return v.Version == released.Version && v.Record.Holder == "" })
	e.must(a.Join(e.Context(), member("a_1", "i", lease.Ready)))
	joined := e.await(w, "the member", func(v lease.Event) bool { return v.Kind == lease.MemberSeen })
	if m := joined.Member; m.Identity != "a_1" || m.Phase != lease.Ready || len(m.Serves) != 1 || m.Duration != Timing.LeaseDuration {
		e.Errorf("told %+v, want the member as it was published", m)
	}
}

func testAcquireRelease(e *env) {
	a, b := e.store("a_1"), e.store("b_1")
	first := e.won(a, nil, false)
	if first.Term.Transitions != 0 {
		e.Errorf("the first term has transition %d, want 0", first.Term.Transitions)
	}
	released, err := a.Release(e.Context(), first.Term, 1)
	e.must(err)
	if released.Holder != "" || !lease.Newer(released.Version, first.Version) {
		e.Errorf("released %+v, want it vacant and newer than %s", released, first.Version)
	}
	second := e.won(b, released, false)
	if second.Term.UID != first.Term.UID || second.Term.Transitions != 1 {
		e.Errorf("the second term is %s after %s, want the next of the same Lease", second.Term.Token(), first.Term.Token())
	}
}

// testConflict: two replicas see the same vacant Lease; one wins.
func testConflict(e *env) {
	a, b, c := e.store("a_1"), e.store("b_1"), e.store("c_1")
	first := e.won(a, nil, false)
	wb, wc := e.watch(b), e.watch(c)
	vacant, err := a.Release(e.Context(), first.Term, 1)
	e.must(err)
	for _, w := range []*watched{wb, wc} {
		e.await(w, "the release", func(v lease.Event) bool { return v.Version == vacant.Version })
	}
	lock, closeLock, err := c.Lock(shard, lease.Timing{}.WithDefaults(), vacant, false, func(v lease.LockEvent) { e.Errorf("c_1 was told %+v", v) })
	e.must(err)
	defer closeLock()
	_, _, err = lock.Get(e.Context()) // c_1 has looked
	e.must(err)
	e.won(b, vacant, false) // and b_1 is faster
	if err := lock.Update(e.Context(), leaderRecord("c_1", 1)); !apierrors.IsConflict(err) {
		e.Errorf("c_1's update: %v, want a conflict", err)
	}
	if got := e.record().Holder; got != "b_1" {
		e.Errorf("the holder is %s, want b_1", got)
	}
}

func testDeletion(e *env) {
	a := e.store("a_1")
	w := e.watch(a)
	first := e.won(a, nil, false)
	e.await(w, "the Lease", func(v lease.Event) bool { return v.Version == first.Version })
	e.must(e.leases().Delete(e.Context(), leaseName, metav1.DeleteOptions{}))
	gone := e.await(w, "the deletion", func(v lease.Event) bool { return v.Kind == lease.Gone })
	if gone.Name != leaseName || !lease.Newer(gone.Version, first.Version) {
		e.Errorf("told %+v, want a version newer than %s", gone, first.Version)
	}
	if now, err := a.Release(e.Context(), first.Term, 1); err != nil || now != nil {
		e.Errorf("releasing a Lease that is gone: %v, %v; want nothing to do", now, err)
	}
	again := e.won(a, nil, false)
	if again.Term.UID == first.Term.UID || again.Term.Token() == first.Term.Token() {
		e.Errorf("the token %s is used again", again.Term.Token())
	}
}

// testReleaseNotOurs: a release never frees a Lease that is in another term.
func testReleaseNotOurs(e *env) {
	a, b := e.store("a_1"), e.store("b_1")
	first := e.won(a, nil, false)
	seen := e.record()
	e.await(e.watch(b), "the Lease", func(v lease.Event) bool { return v.Version == seen.Version })
	e.won(b, &seen, true) // b_1 has watched it expire
	now, err := a.Release(e.Context(), first.Term, 1)
	if err != nil || now == nil || now.Holder != "b_1" {
		e.Errorf("Release said %v, %v; want b_1's Lease left alone", now, err)
	}
	if got := e.record().Holder; got != "b_1" {
		e.Errorf("the holder is %q, want b_1", got)
	}
}

func testMember(e *env) {
	a := e.store("a_1")
	w := e.watch(e.store("b_1"))
	e.must(a.Join(e.Context(), member("a_1", "i", lease.Starting)))
	e.must(a.Publish(e.Context(), member("a_1", "i", lease.Ready)))
	e.await(w, "ready", func(v lease.Event) bool { return v.Kind == lease.MemberSeen && v.Member.Phase == lease.Ready })
	name := lease.MemberName("storetest", "a_1")
	e.must(e.leases().Delete(e.Context(), name, metav1.DeleteOptions{}))
	e.await(w, "the deletion", func(v lease.Event) bool { return v.Kind == lease.Gone && v.Name == name })
	e.must(a.Publish(e.Context(), member("a_1", "i", lease.Draining)))
	e.await(w, "it written anew", func(v lease.Event) bool {
		return v.Kind == lease.MemberSeen && v.Member.Phase == lease.Draining
	})
	e.must(a.Leave(e.Context(), member("a_1", "i", lease.Draining)))
	if e.get(name) != nil {
		e.Error("the member Lease is still there after Leave")
	}
}

func testIdentityInUse(e *env) {
	first, second := e.store("same"), e.store("same")
	e.must(first.Join(e.Context(), member("same", "one", lease.Ready)))
	stop, done := make(chan struct{}), make(chan struct{})
	go func() { // the first is alive: it renews
		defer close(done)
		for {
			select {
			case <-stop:
				return
			case <-time.After(Timing.Heartbeat()):
				_ = first.Publish(e.Context(), member("same", "one", lease.Ready))
			}
		}
	}()
	err := second.Join(e.Context(), member("same", "two", lease.Ready))
	if !errors.Is(err, coordinator.ErrIdentityInUse) {
		e.Errorf("Join: %v, want ErrIdentityInUse", err)
	}
	close(stop)
	<-done
	// Now it is dead.
	e.must(e.store("same").Join(e.Context(), member("same", "three", lease.Ready)))
	if err := first.Publish(e.Context(), member("same", "one", lease.Ready)); !errors.Is(err, coordinator.ErrIdentityInUse) {
		e.Errorf("Publish by the earlier process: %v, want ErrIdentityInUse", err)
	}
	e.must(first.Leave(e.Context(), member("same", "one", lease.Ready)))
	if e.get(lease.MemberName("storetest", "same")) == nil {
		e.Error("the earlier process deleted its successor's member Lease")
	}
}

func testCollect(e *env) {
	a := e.store("a_1")
	e.must(a.Join(e.Context(), member("a_1", "i", lease.Ready)))
	name := lease.MemberName("storetest", "a_1")
	old := e.get(name)
	e.must(a.Publish(e.Context(), member("a_1", "i", lease.Ready)))
	b := e.store("b_1")
	e.must(b.Collect(e.Context(), name, string(old.UID), old.ResourceVersion))
	if e.get(name) == nil {
		e.Fatal("a member Lease was collected that had been renewed meanwhile")
	}
	current := e.get(name)
	e.must(b.Collect(e.Context(), name, string(current.UID), current.ResourceVersion))
	if e.get(name) != nil {
		e.Error("the member Lease was not collected")
	}
}

// testLabels: the watch follows the component's label, and the next write by the
// owner puts it back.
func testLabels(e *env) {
	a := e.store("a_1")
	w := e.watch(e.store("b_1"))
	lock, closeLock, err := a.Lock(shard, lease.Timing{}.WithDefaults(), nil, false, func(lease.LockEvent) {})
	e.must(err)
	defer closeLock()
	_, _, err = lock.Get(e.Context())
	if !apierrors.IsNotFound(err) {
		e.Fatalf("Get: %v, want not found", err)
	}
	e.must(lock.Create(e.Context(), leaderRecord("a_1", 0)))
	e.await(w, "the Lease", func(v lease.Event) bool { return v.Kind == lease.OwnerSeen })
	e.label(leaseName, `{"kindred.dev/component":null}`)
	e.await(w, "that it no longer matches", func(v lease.Event) bool { return v.Kind == lease.Gone && v.Name == leaseName })
	_, _, err = lock.Get(e.Context())
	e.must(err)
	e.must(lock.Update(e.Context(), leaderRecord("a_1", 0)))
	if got := e.get(leaseName).Labels; got[lease.LabelComponent] != "storetest" || got[lease.LabelKind] != "Widget" {
		e.Errorf("labels are %v, want them written again", got)
	}
}

// testVersions: every write makes a newer version, over all Leases.
func testVersions(e *env) {
	a := e.store("a_1")
	last := ""
	for range 5 {
		e.must(a.Publish(e.Context(), member("a_1", "i", lease.Ready)))
		version := e.get(lease.MemberName("storetest", "a_1")).ResourceVersion
		if !lease.Newer(version, last) {
			e.Errorf("version %s after %s is not newer", version, last)
		}
		last = version
	}
	if won := e.won(a, nil, false); !lease.Newer(won.Version, last) {
		e.Errorf("version %s of another Lease after %s is not newer", won.Version, last)
	}
}
