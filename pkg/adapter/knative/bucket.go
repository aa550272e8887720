package knative

import (
	"k8s.io/apimachinery/pkg/types"
	"knative.dev/pkg/reconciler"

	"github.com/kindred-k8s/kindred/pkg/bucket"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// termBucket is the bucket that a term is about, or the whole kind. It is named as the
// Lease, as those of Knative's electors are, and with the same names both agree which key
// is in which bucket.
type termBucket struct {
	lease string
	has   func(types.NamespacedName) bool
}

var _ reconciler.Bucket = termBucket{}

func bucketOf(its lease.Term) termBucket { return termBucket{its.Lease, bucket.Of(its)} }

func (b termBucket) Name() string                      { return b.lease }
func (b termBucket) Has(key types.NamespacedName) bool { return b.has(key) }
