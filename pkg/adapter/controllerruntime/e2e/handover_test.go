package e2e

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// TestHandover: two replicas own one kind each; when one stops, the other begins
// with every object of its kind, from a cache that is warm.
func TestHandover(t *testing.T) {
	f := newFleet(t)
	both := []schema.GroupKind{database, queue}
	one := f.newReplica("one").own(both).start()
	two := f.newReplica("two").own(both).start()
	within(t, settleTimeout, "each owns one kind", func() error {
		runs := f.running()
		if len(runs) != 2 || runs[database] == runs[queue] {
			return fmt.Errorf("they run %v", runs)
		}
		return nil
	})
	moved := database
	if f.running()[queue] == "one" {
		moved = queue
	}
	within(t, settleTimeout, "both kinds are reconciled", func() error {
		return f.all(f.running()[database], database, time.Time{}, f.running()[queue], queue)
	})
	within(t, settleTimeout, "the caches are warm", func() error {
		for _, r := range []*replica{one, two} {
			for _, resource := range []string{"databases", "queues", "configmaps"} {
				if r.lists.of(resource) == 0 {
					return fmt.Errorf("%s has not listed %s", r.name, resource)
				}
			}
		}
		return nil
	})
	lists := two.counts()

	stopping := time.Now()
	one.stop()
	stopped := time.Now()
	within(t, settleTimeout, "the other one reconciles every object", func() error {
		return f.all("two", moved, stopping, "two", moved)
	})
	if now := two.counts(); !maps.Equal(now, lists) {
		t.Errorf("the new owner has listed again: %v, before it was %v", now, lists)
	}
	first := f.first("two", moved, stopping)
	t.Logf("stopping took %v; the first reconcile on the other replica came %v after the stop began",
		stopped.Sub(stopping).Round(time.Millisecond), first.Sub(stopping).Round(time.Millisecond))
	if gap := first.Sub(stopping); gap > short.LeaseDuration {
		t.Errorf("the handover took %v: the Lease expired instead of being released", gap)
	}
	if runs := f.running(); runs[database] != "two" || runs[queue] != "two" {
		t.Errorf("after the handover these run: %v", runs)
	}
}

func (f *fleet) running() map[schema.GroupKind]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.runs)
}

// all says which of two kinds has not had all its objects reconciled by a replica
// since a moment.
func (f *fleet) all(replica string, kind schema.GroupKind, since time.Time, other string, otherKind schema.GroupKind) error {
	for kind, replica := range map[schema.GroupKind]string{kind: replica, otherKind: other} {
		seen := map[string]bool{}
		f.mu.Lock()
		for _, e := range f.reconciles {
			if e.kind == kind && e.replica == replica && e.at.After(since) {
				seen[e.name] = true
			}
		}
		f.mu.Unlock()
		if len(seen) != perKind {
			return fmt.Errorf("of %s, %s has reconciled %v", kind, replica, seen)
		}
	}
	return nil
}

func (f *fleet) first(replica string, kind schema.GroupKind, since time.Time) time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range f.reconciles {
		if e.kind == kind && e.replica == replica && e.at.After(since) {
			return e.at
		}
	}
	return time.Time{}
}

// counts returns how often each resource was listed.
func (r *replica) counts() map[string]int {
	r.lists.mu.Lock()
	defer r.lists.mu.Unlock()
	return maps.Clone(r.lists.paths)
}
