package coordinator_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kindred-k8s/kindred/pkg/bucket"
	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// objects is one kind's objects, and who reconciles each now. It fails the test when
// an object is ever in the hands of two.
type objects struct {
	t     *testing.T
	keys  []types.NamespacedName
	drain time.Duration // what a reconciler takes to return
	start time.Time

	mu      sync.Mutex
	with    map[types.NamespacedName]string // replica and shard
	free    time.Time                       // since when some object has nobody
	longest time.Duration                   // that some object had nobody
	starts  int
}

func newObjects(t *testing.T, n int) *objects {
	o := &objects{t: t, with: map[types.NamespacedName]string{}, start: time.Now(), free: time.Now()}
	for i := range n {
		o.keys = append(o.keys, types.NamespacedName{Namespace: "default", Name: fmt.Sprintf("database-%d", i)})
	}
	return o
}

// kind registers the kind in so many buckets on a replica.
func (o *objects) kind(replica string, buckets int) coordinator.Kind {
	run := func(ctx context.Context, term lease.Term) error {
		has := bucket.Of(term)
		for ctx.Err() == nil {
			o.take(replica+" "+term.Shard.String(), has)
			<-ctx.Done()
		}
		time.Sleep(o.drain)
		o.leave(replica + " " + term.Shard.String())
		return nil
	}
	return coordinator.Kind{GroupKind: groupKind("Database"), Buckets: buckets, Reconciler: coordinator.ReconcilerFunc(run)}
}

func (o *objects) take(who string, has func(types.NamespacedName) bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.starts++
	for _, key := range o.keys {
		if !has(key) {
			continue
		}
		if other, busy := o.with[key]; busy {
			o.t.Errorf("%v: I1 broken: %s takes %s, which %s reconciles", time.Since(o.start), who, key, other)
		}
		o.with[key] = who
	}
	if len(o.with) == len(o.keys) {
		o.longest = max(o.longest, time.Since(o.free))
	}
}

func (o *objects) leave(who string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.with) == len(o.keys) {
		o.free = time.Now()
	}
	maps.DeleteFunc(o.with, func(_ types.NamespacedName, with string) bool { return with == who })
}

// wantAll checks that every object is reconciled, in so many buckets, and returns how
// many of these each replica has, fewest first.
func (o *objects) wantAll(buckets int) []int {
	o.t.Helper()
	synctest.Wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.with) != len(o.keys) {
		o.t.Errorf("%v: %d of %d objects are reconciled", time.Since(o.start), len(o.with), len(o.keys))
	}
	shards := map[string]string{}
	for _, who := range o.with {
		replica, shard, _ := strings.Cut(who, " ")
		shards[shard] = replica
	}
	if len(shards) != max(buckets, 1) {
		o.t.Errorf("%v: the owners are %v, want %d buckets", time.Since(o.start), shards, buckets)
	}
	counts := map[string]int{}
	for _, replica := range shards {
		counts[replica]++
	}
	return slices.Sorted(maps.Values(counts))
}

// ownerless returns the longest time that some object was with nobody, since it was
// asked for the last time.
func (o *objects) ownerless() time.Duration {
	synctest.Wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	longest := o.longest
	o.longest = 0
	return longest
}

func (f *fleet) leaseNames() []string {
	list, err := f.api.Client(nil).Leases("default").List(context.Background(), metav1.ListOptions{LabelSelector: lease.LabelRole + "=" + lease.RoleOwner})
	if err != nil {
		f.t.Fatal(err)
	}
	var names []string
	for _, l := range list.Items {
		names = append(names, l.Name)
	}
	return slices.Sorted(slices.Values(names))
}

// Three replicas share one kind, and go on when one of them leaves.
func TestBucketsAreShared(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f, o := newFleet(t), newObjects(t, 60)
		for _, name := range names(3) {
			f.addKinds(name, []coordinator.Kind{o.kind(name, 6)})
		}
		time.Sleep(10 * time.Second)
		if got := o.wantAll(6); !slices.Equal(got, []int{2, 2, 2}) {
			t.Errorf("buckets per replica: %v", got)
		}
		o.ownerless()
		if err := f.stop("op-0"); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second)
		if got := o.wantAll(6); !slices.Equal(got, []int{3, 3}) {
			t.Errorf("buckets per replica after one has left: %v", got)
		}
		if gap := o.ownerless(); gap > 100*time.Millisecond {
			t.Errorf("some object had no owner for %v", gap)
		}
	})
}

// What Elected, Term and Terms tell of a kind with buckets.
func TestTermsOfBuckets(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f, o := newFleet(t), newObjects(t, 10)
		r := f.addKinds("op-0", []coordinator.Kind{o.kind("op-0", 3)})
		database := groupKind("Database")
		before := r.Elected(database)
		time.Sleep(time.Second)
		select {
		case <-before:
		default:
			t.Error("the replica owns every bucket and the channel is open")
		}
		var parts []string
		for _, term := range r.Terms(database) {
			parts = append(parts, term.Shard.Part())
		}
		if !slices.Equal(parts, []string{"0-of-3", "1-of-3", "2-of-3"}) {
			t.Errorf("it has the terms %v", parts)
		}
		if term, ok := r.Term(database); !ok || term != r.Terms(database)[0] {
			t.Errorf("Term is %v, %v: want the first of Terms", term, ok)
		}
		if err := f.stop("op-0"); err != nil {
			t.Error(err)
		}
		if terms := r.Terms(database); len(terms) != 0 {
			t.Errorf("it has left, and has the terms %v", terms)
		}
		select {
		case <-r.Elected(database):
			t.Error("it has left, and the channel is closed")
		default:
		}
	})
}

// A rolling update changes the number of buckets: no object is ever with two, and none
// is long without anybody.
func TestRollingUpdateChangesBuckets(t *testing.T) {
	for _, change := range [][2]int{{0, 4}, {4, 0}, {2, 4}, {4, 3}} {
		t.Run(fmt.Sprintf("from %d to %d", change[0], change[1]), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				f, o := newFleet(t), newObjects(t, 40)
				o.drain = 50 * time.Millisecond
				revision := func(r string) func(*coordinator.Options) {
					return func(opts *coordinator.Options) { opts.Revision = r }
				}
				for _, name := range names(3) {
					f.addKinds(name, []coordinator.Kind{o.kind(name, change[0])}, revision("old"))
					time.Sleep(time.Second)
				}
				time.Sleep(10 * time.Second)
				o.wantAll(change[0])
				o.ownerless()
				for i, name := range names(3) {
					next := fmt.Sprintf("new-%d", i)
					f.addKinds(next, []coordinator.Kind{o.kind(next, change[1])}, revision("new"))
					time.Sleep(5 * time.Second)
					if err := f.stop(name); err != nil {
						t.Error(err)
					}
					time.Sleep(5 * time.Second)
				}
				time.Sleep(10 * time.Second)
				o.wantAll(change[1])
				if gap := o.ownerless(); gap > 200*time.Millisecond {
					t.Errorf("some object had no owner for %v", gap)
				}
			})
		})
	}
}
