package bucket_test

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"knative.dev/pkg/hash"

	"github.com/kindred-k8s/kindred/pkg/bucket"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

var widget = schema.GroupKind{Group: "example.com", Kind: "Widget"}

func terms(t *testing.T, buckets int) []lease.Term {
	t.Helper()
	var terms []lease.Term
	for _, shard := range lease.ShardsOf(widget, buckets) {
		name, err := shard.Name("op")
		if err != nil {
			t.Fatal(err)
		}
		terms = append(terms, lease.Term{Shard: shard, Lease: name})
	}
	return terms
}

func key(i int) types.NamespacedName {
	return types.NamespacedName{Namespace: fmt.Sprintf("team-%d", i%7), Name: fmt.Sprintf("widget-%d", i)}
}

// Each object has one bucket, and no bucket is much fuller than another.
func TestEveryObjectIsInOneBucket(t *testing.T) {
	for n, objects := range map[int]int{2: 3000, 3: 3000, 4: 3000, 7: 3000, lease.MaxBuckets: 300} {
		var has []func(types.NamespacedName) bool
		for _, term := range terms(t, n) {
			has = append(has, bucket.Of(term))
		}
		counts := make([]int, n)
		for i := range objects {
			found := 0
			for b := range has {
				if has[b](key(i)) {
					counts[b]++
					found++
				}
			}
			if found != 1 {
				t.Errorf("%d buckets: %s is in %d of them", n, key(i), found)
			}
		}
		if n > 10 {
			continue // too few objects for each to say anything
		}
		for b, count := range counts {
			if share := objects / n; count < share*3/4 || count > share*5/4 {
				t.Errorf("bucket %d of %d has %d of %d objects, and its share is %d", b, n, count, objects, share)
			}
		}
	}
}

// A Knative controller whose buckets have the same names reconciles the same objects.
func TestKnativeSplitsAlike(t *testing.T) {
	all := terms(t, 4)
	names := sets.New[string]()
	for _, term := range all {
		names.Insert(term.Lease)
	}
	for i, theirs := range hash.NewBucketSet(names).Buckets() {
		ours := bucket.Of(all[i])
		if theirs.Name() != all[i].Lease {
			t.Fatalf("Knative's bucket %d is %s, ours %s", i, theirs.Name(), all[i].Lease)
		}
		for k := range 500 {
			if ours(key(k)) != theirs.Has(key(k)) {
				t.Errorf("%s: is it in %s? We say %v, Knative %v", key(k), theirs.Name(), ours(key(k)), theirs.Has(key(k)))
			}
		}
	}
}

func TestWholeKindHasEverything(t *testing.T) {
	has := bucket.Of(terms(t, 0)[0])
	for i := range 100 {
		if !has(key(i)) {
			t.Errorf("%s is not in the whole kind", key(i))
		}
	}
}

// What it costs to ask for an object of which the answer is not remembered.
func BenchmarkOf(b *testing.B) {
	has := bucket.Of(lease.Term{Lease: "bench.widget.example.com.00-of-04"})
	for i := 0; b.Loop(); i++ {
		has(key(i))
	}
}
