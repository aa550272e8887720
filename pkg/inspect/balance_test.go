package inspect

import (
	"strings"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

func TestImbalance(t *testing.T) {
	weigh := func(weights map[string]int64, capacity int64) func(*lease.Member) {
		return func(m *lease.Member) {
			m.Capacity = capacity
			for i := range m.Serves {
				if w := weights[lease.ParseShard(m.Serves[i].Shard).Kind.Kind]; w > 0 {
					m.Serves[i].Weight = w
				}
			}
		}
	}
	join := func(parts ...any) (all []coordinationv1.Lease) {
		for _, part := range parts {
			switch part := part.(type) {
			case coordinationv1.Lease:
				all = append(all, part)
			case []coordinationv1.Lease:
				all = append(all, part...)
			}
		}
		return all
	}
	heavy := map[string]int64{"A": 3}
	tests := map[string]struct {
		leases []coordinationv1.Lease
		// want is what is wrong; "" for balanced.
		want string
	}{
		"nothing at all":            {nil, "there is no kind"},
		"one each":                  {fleetOf(t, "a: A", "b: B", "c: C"), ""},
		"one more":                  {fleetOf(t, "a: A B", "b: C"), ""},
		"fewer kinds than replicas": {fleetOf(t, "a: A", "b:", "c:"), ""},
		"two more":                  {fleetOf(t, "a: A B C", "b: D"), "a owns 3 and b owns 1"},
		"all on one":                {fleetOf(t, "a: A B", "b:"), "a owns 2 and b owns 0"},
		"vacant":                    {join(fleetOf(t, "a: A"), member(t, "b", "A B")), "B.sample.kindred.dev has no owner"},
		"vacant and served by none": {join(fleetOf(t, "a: A"), owned(t, "B", "")), "no live replica serves it"},
		"stale":                     {join(fleetOf(t, "a: A"), old(owned(t, "B", "b"))), "held by b, which has not renewed"},
		"owned by one that leaves": {join(owned(t, "A", "a"), member(t, "a", "A", func(m *lease.Member) { m.Phase = lease.Draining })),
			"held by a, which is draining"},
		"one that leaves is given nothing": {join(fleetOf(t, "a: A B"), member(t, "b", "A B", func(m *lease.Member) { m.Phase = lease.Draining })), ""},
		"a dead one is given nothing":      {join(fleetOf(t, "a: A B"), old(member(t, "b", "A B"))), ""},
		"a plain elector is left out":      {join(fleetOf(t, "a: A", "b: B"), owned(t, "C", "p"), owned(t, "D", "p"), owned(t, "E", "p")), ""},
		"what only one can serve stays":    {join(member(t, "a", "A B C"), member(t, "b", "D"), owned(t, "A", "a"), owned(t, "B", "a"), owned(t, "C", "a"), owned(t, "D", "b")), ""},
		"through a third": {join(member(t, "a", "A B"), member(t, "b", "B C"), member(t, "c", "C"),
			owned(t, "A", "a"), owned(t, "B", "a"), owned(t, "C", "b")), "a owns 2 and c owns 0"},
		"a heavy kind alone": {join(member(t, "a", "A B C", weigh(heavy, 1)), member(t, "b", "A B C", weigh(heavy, 1)),
			owned(t, "A", "a"), owned(t, "B", "b"), owned(t, "C", "b")), ""},
		"a heavy kind in company": {join(member(t, "a", "A B C", weigh(heavy, 1)), member(t, "b", "A B C", weigh(heavy, 1)),
			owned(t, "A", "a"), owned(t, "B", "a"), owned(t, "C", "b")), "a owns 2 and b owns 1"},
		"three times the capacity, and the split is by number": {join(member(t, "a", "A B C D", weigh(nil, 3)), member(t, "b", "A B C D"),
			owned(t, "A", "a"), owned(t, "B", "a"), owned(t, "C", "b"), owned(t, "D", "b")), "b owns 2 and a owns 2 (capacity 3)"},
		"two more, moved there by hand": {join(fleetOf(t, "a: A B", "b: D"), moved(owned(t, "C", "a"), "a", false), member(t, "a", "A B C D"), member(t, "b", "A B C D")), "a owns 3 and b owns 1"},
		"two more, and all wanted there": {join(member(t, "a", "A B C"), member(t, "b", "A B C"),
			moved(owned(t, "A", "a"), "a", false), moved(owned(t, "B", "a"), "", true), moved(owned(t, "C", "a"), "a_abc", true)), ""},
		"two more, wanted elsewhere": {join(member(t, "a", "A B"), member(t, "b", "A B"),
			moved(owned(t, "A", "a"), "gone", false), owned(t, "B", "a")), "a owns 2 and b owns 0"},
		"twice the capacity": {join(member(t, "a", "A B C", weigh(nil, 2)), member(t, "b", "A B C"),
			owned(t, "A", "a"), owned(t, "B", "a"), owned(t, "C", "b")), ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := strings.Join(Build(test.leases, now).Imbalance(), "; ")
			if test.want == "" && got != "" || !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// Two components in one namespace are planned apart.
func TestImbalanceByComponent(t *testing.T) {
	leases := fleetOf(t, "a: A B")
	for _, l := range fleetOf(t, "b:") {
		l.Labels[lease.LabelComponent] = "other"
		l.Name = lease.MemberName("other", *l.Spec.HolderIdentity)
		leases = append(leases, l)
	}
	if snapshot := Build(leases, now); !snapshot.Balanced() {
		t.Errorf("not balanced: %q", snapshot.Imbalance())
	}
}
