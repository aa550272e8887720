package knative

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/sets"
	"knative.dev/pkg/hash"
	"knative.dev/pkg/reconciler"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// bucketOf returns the bucket that a term is about: the one that is named as its Lease,
// of all that the kind has. Knative's electors make the same of the same names, so both
// agree which key is in which bucket.
func bucketOf(its lease.Term) reconciler.Bucket {
	names := sets.New(its.Lease).Insert(lease.BucketNames(its.Lease)...)
	buckets := hash.NewBucketSet(names).Buckets()
	return buckets[slices.IndexFunc(buckets, func(b reconciler.Bucket) bool { return b.Name() == its.Lease })]
}
