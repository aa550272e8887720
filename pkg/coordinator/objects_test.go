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
