package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"knative.dev/pkg/hash"
)

// TestMigration: a rolling update from Knative's electors to Kindred, on the same Lease
// names, with two buckets and a mapped prefix, and back, while the objects change all
// the time. At no time are two replicas at work in one bucket, and Kindred never begins
// before Knative's replica has released, nor releases before it has finished.
func TestMigration(t *testing.T) {
	f := newFleet(t, map[string]string{"buckets": "2", "map-lease-prefix." + component + "." + queue: "Foo.Reconciler"})
	m := &migration{fleet: f, live: map[string]*process{}}
	m.add("old-1", true)
	m.settle()
	if owners := f.owners(); len(owners) != 2 {
		t.Fatalf("Knative has the Leases %v, want two", owners)
	}
	m.add("old-2", true)
	m.settle()

	// There: new replicas come, and wait, and old ones go.
	m.add("new-1", false)
	m.settle("old-1", "old-2")
	m.remove("old-1")
	m.settle()
	m.add("new-2", false)
	m.settle()
	m.remove("old-2")
	m.settle("new-1", "new-2")
	within(t, "each owns a bucket", func() error {
		owners := f.owners()
		delete(owners, "foo.reconciler") // of the whole kind; it says that the kind is split
		if got := slices.Sorted(maps.Values(owners)); !slices.Equal(got, []string{"new-1", "new-2"}) {
			return fmt.Errorf("the owners are %v", owners)
		}
		return nil
	})
	m.settle("new-1", "new-2")

	// And back.
	m.add("old-3", true)
	m.settle("new-1", "new-2")
	m.remove("new-1")
	m.settle()
	m.add("old-4", true)
	m.remove("new-2")
	m.settle("old-3", "old-4")
	m.remove("old-3")
	m.settle("old-4")
	m.check()
}

// migration is a fleet whose replicas are replaced.
type migration struct {
	*fleet
	live  map[string]*process
	touch int
}

func (m *migration) add(name string, isKnative bool) { m.live[name] = m.start(name, isKnative) }

func (m *migration) remove(name string) {
	m.t.Helper()
	m.live[name].stop()
	delete(m.live, name)
}

// settle changes every object, and waits until all have been reconciled; by whom is who
// may have done it, any replica that lives if that is not said.
func (m *migration) settle(by ...string) {
	m.t.Helper()
	if len(by) == 0 {
		by = slices.Collect(maps.Keys(m.live))
	}
	m.touch++
	mark := strconv.Itoa(m.touch)
	m.fleet.touch(mark)
	within(m.t, fmt.Sprintf("change %s is reconciled by one of %v", mark, by), func() error { return m.reconciled(mark, by...) })
}

// check holds the journal to what is promised.
func (m *migration) check() {
	m.t.Helper()
	buckets := hash.NewBucketSet(sets.New("foo.reconciler.00-of-02", "foo.reconciler.01-of-02"))
	type begun struct {
		entry
		open int
	}
	working := map[string]map[string]*begun{} // bucket -> replica
	owner := map[string]string{}              // bucket -> who began last
	past := map[string]map[string]bool{}      // bucket -> who began before somebody else did
	perBucket, changes := map[string]int{}, 0
	for _, e := range m.entries() {
		bucket := buckets.Owner(types.NamespacedName{Namespace: m.namespace, Name: e.Key}.String())
		if working[bucket] == nil {
			working[bucket], past[bucket] = map[string]*begun{}, map[string]bool{}
		}
		if !e.Begin {
			if w := working[bucket][e.Replica]; w.open > 1 {
				w.open--
			} else {
				delete(working[bucket], e.Replica)
			}
			continue
		}
		perBucket[bucket]++
		for other, w := range working[bucket] {
			// Knative releases first, and finishes then: what it had in flight when it
			// was told to stop may meet the next owner's.
			if other != e.Replica && !(w.Knative && m.leaving(other, e.At)) {
				m.t.Errorf("%s begins %s, of bucket %s, while %s has %s of it in flight", e.Replica, e.Key, bucket, other, w.Key)
			}
		}
		if last := owner[bucket]; last != e.Replica {
			if past[bucket][e.Replica] && !(e.Knative && m.leaving(e.Replica, e.At)) {
				m.t.Errorf("%s begins %s, of bucket %s, after %s has begun there", e.Replica, e.Key, bucket, last)
			}
			if last != "" {
				past[bucket][last] = true
				changes++
			}
			owner[bucket] = e.Replica
		}
		if w := working[bucket][e.Replica]; w != nil {
			w.open++
		} else {
			working[bucket][e.Replica] = &begun{e, 1}
		}
		if (e.Term == "") != e.Knative {
			m.t.Errorf("%s reconciles %s in term %q", e.Replica, e.Key, e.Term)
		}
	}
	if len(perBucket) != 2 || changes < 4 {
		m.t.Errorf("that shows nothing: reconciles by bucket %v, with %d changes of owner", perBucket, changes)
	}
	m.t.Logf("reconciles by bucket %v, %d changes of owner", perBucket, changes)
}

// leaving says whether a replica had been told to stop, at that time or some moments
// before.
func (f *fleet) leaving(name string, at time.Time) bool {
	told, ok := f.stopped[name]
	return ok && at.After(told) && at.Before(told.Add(2*time.Second))
}

// TestConfigMapIsWrong: a ConfigMap that cannot work ends the program, with what is wrong
// and where; Knative would take it.
func TestConfigMapIsWrong(t *testing.T) {
	f := newFleet(t, map[string]string{"lease-duration": "5500ms"})
	p := f.start("one", false)
	if err := <-p.done; err == nil {
		t.Error("it ended without an error")
	}
	if log := p.tail(); !strings.Contains(log, "leaseDuration is 5.5s: it must be whole seconds") {
		t.Errorf("its last words are %s", log)
	}
}
