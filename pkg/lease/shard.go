package lease

import (
	"fmt"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Shard is what one Lease elects an owner for: a kind, or a bucket of a kind. It is
// comparable and used as a map key.
type Shard struct {
	// Kind is the group and kind whose reconciler the owner runs. The version is
	// left out on purpose: two versions of a kind are the same objects.
	Kind schema.GroupKind
	// Bucket of Of, counted from zero, is the part of the kind's objects that the
	// shard is about. Of is zero for the whole kind, and otherwise at least two.
	Bucket, Of int
}

// MaxBuckets is how many buckets a kind can have. Each costs what a kind costs.
const MaxBuckets = 100

// ShardOf returns the shard of a whole kind.
func ShardOf(kind schema.GroupKind) Shard { return Shard{Kind: kind} }

// ShardsOf returns the shards of a kind with that many buckets, in order: the whole
// kind for fewer than two.
func ShardsOf(kind schema.GroupKind, buckets int) []Shard {
	if buckets < 2 {
		return []Shard{ShardOf(kind)}
	}
	shards := make([]Shard, buckets)
	for i := range shards {
		shards[i] = Shard{Kind: kind, Bucket: i, Of: buckets}
	}
	return shards
}

// String returns the shard as people write it: Database.sample.kindred.dev, or
// Database.sample.kindred.dev/1-of-4.
func (s Shard) String() string {
	if s.Of == 0 {
		return s.Kind.String()
	}
	return s.Kind.String() + "/" + s.Part()
}

// Part returns which bucket the shard is, as in 1-of-4; "" for a whole kind.
func (s Shard) Part() string {
	if s.Of == 0 {
		return ""
	}
	return fmt.Sprintf("%d-of-%d", s.Bucket, s.Of)
}

// ParseShard is the inverse of String.
func ParseShard(text string) Shard {
	if kind, part, found := strings.Cut(text, "/"); found {
		if bucket, of, ok := parsePart(part); ok && part == (Shard{Bucket: bucket, Of: of}).Part() {
			return Shard{Kind: schema.ParseGroupKind(kind), Bucket: bucket, Of: of}
		}
	}
	return Shard{Kind: schema.ParseGroupKind(text)}
}

// parsePart reads two numbers, as in 1-of-4 or 01-of-04, whatever they are.
func parsePart(text string) (bucket, of int, ok bool) {
	first, second, found := strings.Cut(text, "-of-")
	if !found || strings.Trim(first+second, "0123456789") != "" {
		return 0, 0, false
	}
	bucket, err := strconv.Atoi(first)
	of, errOf := strconv.Atoi(second)
	return bucket, of, err == nil && errOf == nil
}

// validateBucket says what is wrong with the shard's bucket.
func (s Shard) validateBucket() error {
	switch {
	case s.Of == 0 && s.Bucket == 0:
		return nil
	case s.Of < 2 || s.Of > MaxBuckets:
		return fmt.Errorf("kind %s has %d buckets: it can have 2 to %d, or none", s.Kind, s.Of, MaxBuckets)
	case s.Bucket < 0 || s.Bucket >= s.Of:
		return fmt.Errorf("kind %s has no bucket %d of %d: they are counted from 0", s.Kind, s.Bucket, s.Of)
	}
	return nil
}

// Suffix returns what a bucket's Lease name has more than that of the whole kind; ""
// for a whole kind.
func (s Shard) Suffix() string {
	if s.Of == 0 {
		return ""
	}
	return bucketSuffix(s.Bucket, s.Of)
}

// bucketSuffix is the last part of a bucket's Lease name, as Knative writes it
// (knative.dev/pkg/leaderelection, standardBucketName).
func bucketSuffix(bucket, of int) string { return fmt.Sprintf(".%02d-of-%02d", bucket, of) }

// SplitName takes the name of an ownership Lease apart: the name that the Lease of
// the whole kind has, and the bucket; of is zero when it is that Lease.
func SplitName(name string) (whole string, bucket, of int) {
	i := strings.LastIndexByte(name, '.')
	if i < 0 {
		return name, 0, 0
	}
	bucket, of, ok := parsePart(name[i+1:])
	if !ok || of < 2 || bucket >= of || name[i:] != bucketSuffix(bucket, of) {
		return name, 0, 0
	}
	return name[:i], bucket, of
}

// BucketNames returns the Lease names of all buckets of the kind that has this
// bucket's Lease, in order; nil for the Lease of a whole kind. Knative's hash goes by
// these names.
func BucketNames(name string) []string {
	whole, _, of := SplitName(name)
	var names []string
	for i := range of {
		names = append(names, whole+bucketSuffix(i, of))
	}
	return names
}
