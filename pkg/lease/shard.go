package lease

import (
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Shard is what one Lease elects an owner for: a kind. It is comparable and
// used as a map key.
type Shard struct {
	// Kind is the group and kind whose reconciler the owner runs. The version is
	// left out on purpose: two versions of a kind are the same objects.
	Kind schema.GroupKind
}

// ShardOf returns the shard of a kind.
func ShardOf(kind schema.GroupKind) Shard { return Shard{Kind: kind} }

// String returns the shard as people write it: Database.sample.kindred.dev.
func (s Shard) String() string { return s.Kind.String() }

// ParseShard is the inverse of String.
func ParseShard(text string) Shard {
	return Shard{Kind: schema.ParseGroupKind(text)}
}
