package inspect

import (
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// layout is one way to split a kind: whole, or in a number of buckets.
type layout struct {
	fleet
	kind schema.GroupKind
	of   int
}

func (k Kind) layout(of int) layout {
	return layout{k.fleet(), schema.GroupKind{Group: k.Group, Kind: k.Kind}, of}
}

// dropUnused leaves out Leases that are vacant because their kind is owned, or served,
// in another layout only: nothing is wrong with that. The Lease of a whole kind that is
// split stays for its mark, buckets of an earlier number are deleted in time, and those
// of a number to come have no owner before all of the kind is handed over.
func (b *builder) dropUnused() {
	held, served := map[layout]bool{}, map[layout]bool{}
	for _, k := range b.snapshot.Kinds {
		held[k.layout(k.Of)] = held[k.layout(k.Of)] || k.State != Vacant
		served[k.layout(k.Of)] = served[k.layout(k.Of)] || k.Served > 0
	}
	elsewhere := func(k Kind, is map[layout]bool) bool {
		return !is[k.layout(k.Of)] && slices.ContainsFunc(b.snapshot.Kinds, func(other Kind) bool {
			return other.layout(0) == k.layout(0) && is[other.layout(other.Of)]
		})
	}
	kept := []Kind{}
	for _, k := range b.snapshot.Kinds {
		if k.State != Vacant || !elsewhere(k, held) && !elsewhere(k, served) {
			kept = append(kept, k)
		}
	}
	b.snapshot.Kinds = kept
}
