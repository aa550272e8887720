package e2e

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"
	"time"
)

// wholeLease is the Lease that Knative's elector makes for the controller.
const wholeLease = component + "." + queue + ".00-of-01"

// TestHandover: of two replicas one is promoted, and it alone reconciles. When it is
// stopped, the key in flight is finished before the Lease is released, no other key is
// begun, and the next owner reconciles every object.
func TestHandover(t *testing.T) {
	f := newFleet(t, nil)
	replicas := map[string]*process{"one": f.start("one", false), "two": f.start("two", false)}
	within(t, "one replica owns the kind and has reconciled every object", func() error {
		if owner := f.owners()[wholeLease]; owner == "" {
			return fmt.Errorf("the owners are %v", f.owners())
		}
		return f.reconciled("", "one", "two")
	})
	owner := f.owners()[wholeLease]
	other := map[string]string{"one": "two", "two": "one"}[owner]
	for _, e := range f.entries() {
		if e.Replica != owner || e.Term == "" {
			t.Errorf("%s has reconciled %s in term %q while %s owned the kind", e.Replica, e.Key, e.Term, owner)
		}
	}

	if err := os.WriteFile(f.hold(owner), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f.touch("1")
	// A worker that did not see the file any more is done in milliseconds.
	within(t, "both workers have a key in flight, and stay there", func() error {
		entries := f.entries()
		inFlight := 0
		for _, e := range entries {
			if inFlight--; e.Begin {
				inFlight += 2
			}
		}
		if still := time.Since(entries[len(entries)-1].At); inFlight != 2 || still < 500*time.Millisecond {
			return fmt.Errorf("%d in flight, for %v", inFlight, still)
		}
		return nil
	})
	mark := len(f.entries())
	replicas[owner].signal()
	// Were the Lease released at once, the other one would have it, and begin, in
	// milliseconds.
	patience := time.Now().Add(2 * time.Second)
	within(t, "two seconds have passed", func() error {
		if got := f.owners()[wholeLease]; got != owner {
			t.Fatalf("keys are in flight on %s, and the Lease is held by %q", owner, got)
		}
		if time.Now().Before(patience) {
			return fmt.Errorf("not yet")
		}
		return nil
	})
	if n := len(f.entries()) - mark; n != 0 {
		t.Fatalf("while two keys were in flight, the journal got %d entries", n)
	}
	finishing := time.Now()
	if err := os.Remove(f.hold(owner)); err != nil {
		t.Fatal(err)
	}
	replicas[owner].wait()
	within(t, "the other one reconciles every object", func() error { return f.reconciled("1", other) })

	entries := f.entries()[mark:]
	finished, keys := 0, map[string]bool{}
	for _, e := range entries {
		switch {
		case e.Replica == owner && !e.Begin:
			finished++
		case e.Replica == owner:
			t.Errorf("on its way out %s begins %s", owner, e.Key)
		case e.Replica == other && finished < 2:
			t.Errorf("%s begins %s when %d of 2 keys are finished", other, e.Key, finished)
		case e.Replica == other:
			keys[e.Key] = true
		}
	}
	if finished != 2 {
		t.Errorf("on its way out %s has finished %d keys, want the 2 that were in flight: %+v", owner, finished, entries)
	}
	if got := slices.Sorted(maps.Keys(keys)); !slices.Equal(got, names) {
		t.Errorf("the next owner has reconciled %v, want %v", got, names)
	}
	i := slices.IndexFunc(entries, func(e entry) bool { return e.Replica == other })
	t.Logf("the next owner's first reconcile came %v after the keys were let go", entries[i].At.Sub(finishing))
	replicas[other].stop()
	if owners := f.owners(); !maps.Equal(owners, map[string]string{wholeLease: ""}) {
		t.Errorf("in the end the Leases are %v", owners)
	}
}
