package coordinator

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// bucketWeight is what each bucket of the kind weighs, 0 for the default.
func (k Kind) bucketWeight() int64 {
	n := max(int64(k.Buckets), 1)
	return (k.Weight + n - 1) / n
}

// validateBuckets checks how a kind is split.
func validateBuckets(o Options, kind Kind) []error {
	var errs []error
	shard := lease.ShardOf(kind.GroupKind)
	if kind.Buckets < 0 || kind.Buckets > lease.MaxBuckets {
		return []error{fmt.Errorf("kind %s has %d buckets: it can have up to %d; 0 or 1 is no split", shard, kind.Buckets, lease.MaxBuckets)}
	}
	if kind.Buckets < 2 {
		return nil
	}
	if kind.Group != "" {
		errs = append(errs, fmt.Errorf("kind %s has %d buckets and the group %q: a group has one owner, buckets have several; choose one of the two", shard, kind.Buckets, kind.Group))
	}
	if o.Admitted != nil {
		errs = append(errs, fmt.Errorf("kind %s has %d buckets, and admitted is given: the API server's policies go by the one Lease of a kind, and would refuse all writes of a kind with several; leave either out", shard, kind.Buckets))
	}
	first := lease.ShardsOf(kind.GroupKind, kind.Buckets)[0]
	_, whole := shard.Name(o.Component)
	if _, err := first.Name(o.Component); err != nil && whole == nil {
		errs = append(errs, err) // only the longer name is wrong
	}
	const most = validation.DNS1123SubdomainMaxLength
	if name := kind.LeaseName + first.Suffix(); len(name) > most && len(kind.LeaseName) <= most {
		errs = append(errs, fmt.Errorf("kind %s: the Lease of its first bucket would be named %q, which has %d characters and Kubernetes allows %d: give it a shorter LeaseName", shard, name, len(name), most))
	}
	return errs
}
