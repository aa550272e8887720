// Package bucket says which objects belong to a bucket of a kind that is split
// (coordinator.Kind.Buckets). It is Knative's consistent hash of the object's key,
// knative.dev/pkg/hash, over the names of the buckets' Leases: Knative's controllers
// with buckets of the same names split a kind in the same way.
package bucket

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
	kubesets "k8s.io/apimachinery/pkg/util/sets"
	"knative.dev/pkg/hash"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// sets are the bucket sets of this process, by the name of their first bucket. They
// only remember answers, so the terms of all buckets of a kind share one.
var sets sync.Map

// Of returns a function that says whether an object is in the term's bucket, by its
// namespace and name. Of a term of a whole kind every object is. Each object is in
// exactly one of a kind's buckets; with another number of buckets most are in another
// one. Some thousand answers are remembered for each kind. Safe for concurrent use, and
// so is the function.
func Of(term lease.Term) func(types.NamespacedName) bool {
	names := lease.BucketNames(term.Lease)
	if len(names) == 0 {
		return func(types.NamespacedName) bool { return true }
	}
	one, known := sets.Load(names[0])
	if !known {
		one, _ = sets.LoadOrStore(names[0], hash.NewBucketSet(kubesets.New(names...)))
	}
	buckets := one.(*hash.BucketSet)
	return func(key types.NamespacedName) bool { return buckets.Owner(key.String()) == term.Lease }
}
