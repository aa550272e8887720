package assign_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	. "github.com/kindred-k8s/kindred/pkg/assign"
)

// FuzzPlan: whatever members say of themselves, there is a plan in which each
// shard goes to who may have it, the same for any order, and with equal weights
// nothing moves once it is carried out.
func FuzzPlan(f *testing.F) {
	f.Add([]byte(`{"Shards":[{"Name":"a","Owner":"x"},{"Name":"b","Weight":3,"Owner":"dead"},{"Name":"c"}],"Replicas":[{"Name":"x","Ready":true,"ServesAll":true},{"Name":"y","Ready":true,"Capacity":2,"Serves":["a","b","b","none"]}]}`))
	f.Add([]byte(`{"Shards":[{"Name":"a","Weight":9223372036854775807},{"Name":"b","Weight":-9223372036854775808}],"Replicas":[{"Name":"x","Ready":true,"ServesAll":true,"Capacity":9223372036854775807},{"Name":"y","Ready":true,"ServesAll":true,"Capacity":-1}]}`))
	f.Add([]byte(`{"Shards":[{"Name":"","Owner":"x","Bucket":-1},{"Name":"\u0000"}],"Replicas":[{"Name":"x","Draining":true,"Serves":[""]},{"Name":"y","Ready":true,"Draining":true,"ServesAll":true}]}`))
	f.Add([]byte(`{"Shards":[{"Name":"a"},{"Name":"b"},{"Name":"c"},{"Name":"d"}],"Replicas":[{"Name":"z","Ready":true,"ServesAll":true},{"Name":"x","Ready":true,"ServesAll":true},{"Name":"y","Ready":true,"ServesAll":true}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var in Input
		if json.Unmarshal(data, &in) != nil || len(in.Shards) > 12 || len(in.Replicas) > 8 || repeats(in) {
			return
		}
		plan := Plan(in)
		if len(plan.Decisions) != len(in.Shards) {
			t.Fatalf("%d decisions for %d shards", len(plan.Decisions), len(in.Shards))
		}
		for _, s := range in.Shards {
			d, ok := plan.For(s.Name)
			may := takers(in, s.Name)
			switch {
			case keeps(in, s):
				may = []string{s.Owner}
			case len(may) == 0:
				may = []string{""}
			}
			if !ok || d.From != s.Owner || !slices.Contains(may, d.Owner) || d.Reason != expectedReason(in, s, d) {
				t.Errorf("%+v: planned %+v, want one of %q because %v", s, d, may, expectedReason(in, s, d))
			}
		}
		turned := Input{Shards: slices.Clone(in.Shards), Replicas: slices.Clone(in.Replicas)}
		slices.Reverse(turned.Shards)
		slices.Reverse(turned.Replicas)
		if got := Plan(turned); fmt.Sprint(got) != fmt.Sprint(plan) {
			t.Errorf("turned around it is\n%+v, not\n%+v", got, plan)
		}
		if next := Plan(carriedOut(in, plan)); equallyWeighed(in) && next.Changes() > 0 {
			t.Errorf("carried out, it moves again: %+v", next)
		}
	})
}

// repeats says whether names are repeated, or empty as only a vacant shard's owner
// is: no Lease has such.
func repeats(in Input) bool {
	shards, replicas := map[string]bool{}, map[string]bool{"": true}
	for _, s := range in.Shards {
		if shards[s.Name] {
			return true
		}
		shards[s.Name] = true
	}
	for _, r := range in.Replicas {
		if replicas[r.Name] {
			return true
		}
		replicas[r.Name] = true
	}
	return false
}

func equallyWeighed(in Input) bool {
	return !slices.ContainsFunc(in.Shards, func(s Shard) bool { return s.Weight != in.Shards[0].Weight })
}
