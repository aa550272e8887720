package lease_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// FuzzShardName: whatever a kind is called, it is refused or its Lease has a valid
// name and valid labels, which no other kind has.
func FuzzShardName(f *testing.F) {
	f.Add("op", "sample.kindred.dev", "Database", "apps", "Deployment", 0, 0, 0, 0)
	f.Add("op", "b.dev", "A", "b.dev.01-of-04", "A", 1, 4, 0, 0) // a group that looks like a bucket
	f.Add("op", "b.dev", "A", "b.dev", "A", 1, 4, 1, 5)
	f.Add("op", "b.dev", "A", "b.dev", "A", 10, 100, 0, -1)
	f.Add("op", "01-of-04", "A", "001-of-4", "A", 0, 1, 4, 4)
	f.Add("op", "b.c", "A", "c", "A.b", 0, 0, 0, 0)              // a dot in a Kind makes two names one
	f.Add("op", "example.com", "\u212aind", "", "k", 0, 0, 0, 0) // the Kelvin sign: in lower case a plain k
	f.Add("op", "", "Pod", "core", "Pod", 0, 0, 0, 0)
	f.Add("op", "example.com", strings.Repeat("K", 64), "example.com", "K", 0, 0, 0, 0) // too long for a label
	f.Add(strings.Repeat("c", 63), strings.Repeat("g", 60)+".com", "K", "", "", 0, 0, 0, 0)
	f.Add("a.b", "-.example.com", "Under_score", "example.com.", "-", 0, 0, 0, 0)
	f.Fuzz(func(t *testing.T, component, group, kind, group2, kind2 string, bucket, of, bucket2, of2 int) {
		shard := lease.Shard{Kind: schema.GroupKind{Group: group, Kind: kind}, Bucket: bucket, Of: of}
		name, err := shard.Name(component)
		if again, _ := shard.Name(component); again != name {
			t.Fatalf("%q once and %q the next time", name, again)
		}
		if err != nil {
			if name != "" {
				t.Fatalf("name %q and error %v", name, err)
			}
			return
		}
		wantValidName(t, name)
		if strings.Count(name, ".") < 2 {
			t.Errorf("%s could be a member Lease: it must have two dots", name)
		}
		wantValidLabels(t, shard.Labels(component))
		if read := lease.ParseShard(shard.String()); read != shard {
			t.Errorf("%#v reads back as %#v", shard, read)
		}
		whole, err := lease.ShardOf(shard.Kind).Name(component)
		if kindName, b, n := lease.SplitName(name); err != nil || kindName != whole || b != bucket || n != of {
			t.Errorf("%s is read as bucket %d of %d of %s, want %d of %d of %s (%v)", name, b, n, kindName, bucket, of, whole, err)
		}
		if names := lease.BucketNames(name); of > 0 && (len(names) != of || names[bucket] != name) {
			t.Errorf("%s is not bucket %d of %v", name, bucket, names)
		}
		other := lease.Shard{Kind: schema.GroupKind{Group: group2, Kind: kind2}, Bucket: bucket2, Of: of2}
		same := strings.EqualFold(kind, kind2) && (group == group2 || group+group2 == "core") && bucket == bucket2 && of == of2
		if name2, err := other.Name(component); err == nil && (name2 == name) != same {
			t.Errorf("%#v and %#v have the Leases %s and %s", shard, other, name, name2)
		}
	})
}

func wantValidName(t *testing.T, name string) {
	t.Helper()
	if problems := validation.IsDNS1123Subdomain(name); len(problems) > 0 {
		t.Errorf("%q: %v", name, problems)
	}
}

func wantValidLabels(t *testing.T, labels map[string]string) {
	t.Helper()
	for key, value := range labels {
		if problems := validation.IsValidLabelValue(value); len(problems) > 0 {
			t.Errorf("label %s=%q: %v", key, value, problems)
		}
	}
}

// FuzzMemberName: two identities never share a member Lease, whose name is valid
// and can be no ownership Lease's. Besides two identities of any kind, each is
// compared with the one that is made to look like what it was turned into.
func FuzzMemberName(f *testing.F) {
	f.Add("op", "op-5d9c7-abcde_1f2e3d4c", "op-5d9c7-abcde-1f2e3d4c")
	f.Add("op", "a", "A") // the first one's hash as the suffix of another
	f.Add(strings.Repeat("c", 63), strings.Repeat("a", 300), strings.Repeat("a", 299)+"b")
	f.Add("op", "", "_")
	f.Add("op", "é_1", "è_1")
	f.Add("op", "a_b_c", "a-b_c")
	f.Fuzz(func(t *testing.T, component, a, b string) {
		if lease.ValidateComponent(component) != nil {
			return
		}
		name := lease.MemberName(component, a)
		if again := lease.MemberName(component, a); again != name {
			t.Fatalf("%q once and %q the next time", name, again)
		}
		wantValidName(t, name)
		wantValidLabels(t, lease.MemberLabels(component))
		rest, found := strings.CutPrefix(name, component+".")
		if !found || strings.Contains(rest, ".") {
			t.Errorf("%q: %s must be the component and one part more", a, name)
		}
		likeness := rest
		if i := strings.LastIndex(rest, "-"); i >= 0 {
			likeness = rest[:i] + "_" + rest[i+1:]
		}
		for _, other := range []string{b, rest, likeness} {
			if other != a && lease.MemberName(component, other) == name {
				t.Errorf("%q and %q share the Lease %s", a, other, name)
			}
		}
	})
}

// FuzzParseShard: a shard that was read is written as it was read.
func FuzzParseShard(f *testing.F) {
	f.Add("Database.sample.kindred.dev")
	f.Add("Pod")
	f.Add("")
	f.Add(".")
	f.Add("A..b")
	f.Add("Pod.") // found: no group, as in Pod
	f.Add("Database.sample.kindred.dev/1-of-4")
	f.Add("Pod/01-of-04")
	f.Add("Pod/4-of-4")
	f.Add("/0-of-0")
	f.Add("A/1-of-2/1-of-2")
	f.Add("A/1-of-99999999999999999999")
	f.Fuzz(func(t *testing.T, text string) {
		shard := lease.ParseShard(text)
		if again := lease.ParseShard(shard.String()); again != shard {
			t.Errorf("%q is %#v, which reads back as %#v", text, shard, again)
		}
		if name, err := shard.Name("op"); err == nil {
			wantValidName(t, name)
			if kind, part, _ := strings.Cut(text, "/"); shard.String() != strings.TrimSuffix(strings.TrimSuffix(kind, ".")+"/"+part, "/") {
				t.Errorf("%q has a Lease, and is written %q", text, shard)
			}
		}
	})
}
