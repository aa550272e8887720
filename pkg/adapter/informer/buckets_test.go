package informer_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"

	"github.com/kindred-k8s/kindred/pkg/bucket"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// bucketTerm returns a term of bucket i of 2.
func bucketTerm(i, n int) lease.Term {
	shard := lease.ShardsOf(schema.GroupKind{Kind: "ConfigMap"}, 2)[i]
	name, _ := shard.Name("op")
	return lease.Term{Shard: shard, Lease: name, Holder: "pod-0_x", UID: "uid-" + name, Transitions: n}
}

// Two buckets of a kind at once on one replica: each term reconciles its own objects,
// those that are there and those that come, change or go, and when a bucket changes
// hands the next term begins with all of them.
func TestEachTermHasItsBucket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		in := [2]func(types.NamespacedName) bool{bucket.Of(bucketTerm(0, 1)), bucket.Of(bucketTerm(1, 1))}
		// wanted are the calls for those of the names that a bucket has.
		wanted := func(i, term int, names ...string) []call {
			var calls []call
			for _, name := range names {
				if in[i](types.NamespacedName(cache.ObjectName{Namespace: "ns", Name: name})) {
					calls = append(calls, call{name, term})
				}
			}
			return calls
		}
		var names []string
		for i := range 10 {
			names = append(names, fmt.Sprintf("c-%d", i))
			h.source.Add(configMap(names[i]))
		}
		if n := len(wanted(0, 1, names...)); n == 0 || n == len(names) {
			t.Fatalf("bucket 0 has %d of %d objects: the test needs others", n, len(names))
		}
		standby := h.standby()
		begin := func(i, n int) run {
			return h.start(func(ctx context.Context) error { return h.runner.Run(ctx, bucketTerm(i, n)) })
		}
		first := begin(0, 1)
		h.want(wanted(0, 1, names...)...)
		second := begin(1, 2)
		h.want(wanted(1, 2, names...)...)
		h.source.Modify(configMap("c-3"))
		h.source.Delete(configMap("c-4"))
		h.source.Add(configMap("d-1"))
		all := append(wanted(0, 1, "c-3", "c-4", "d-1"), wanted(1, 2, "c-3", "c-4", "d-1")...)
		if got := h.took(); len(all) != 3 || len(got) != 3 {
			t.Errorf("reconciled %v, want %v", got, all)
		}
		first.stop()
		h.source.Modify(configMap("c-3"))
		h.source.Modify(configMap("c-5"))
		h.want(wanted(1, 2, "c-3", "c-5")...)
		again := begin(0, 3)
		h.want(wanted(0, 3, "c-0", "c-1", "c-2", "c-3", "c-5", "c-6", "c-7", "c-8", "c-9", "d-1")...)
		again.stop()
		second.stop()
		standby.stop()
	})
}
