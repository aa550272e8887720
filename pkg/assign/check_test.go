package assign_test

import (
	"flag"
	"fmt"
	"math/rand"
	"testing"

	. "github.com/kindred-k8s/kindred/pkg/assign"

	"pgregory.net/rapid"
)

var times = flag.Int("assign.times", 1, "run this many times the usual number of seeded cases")

// everyInput runs the check on n inputs from consecutive seeds; a failure names the seed. The inputs
// are small, so seeds serve better than shrinking, and tens of thousands of them are cheap.
func everyInput(t *testing.T, n int, w world, check func(rnd *rand.Rand, in Input) error) {
	t.Helper()
	for seed := range n * *times {
		rnd := rand.New(rand.NewSource(int64(seed)))
		in := w.input(rnd)
		if err := check(rnd, in); err != nil {
			t.Fatalf("seed %d: %v\nreplicas: %+v\nshards: %+v\nplan: %+v",
				seed, err, in.Replicas, in.Shards, Plan(in).Decisions)
		}
	}
}

// shrinking runs the same check under rapid, which varies the kind of world too.
func shrinking(t *testing.T, limit world, check func(rnd *rand.Rand, in Input) error) {
	t.Helper()
	may := func(t *rapid.T, allowed bool, label string) bool {
		return allowed && rapid.Bool().Draw(t, label)
	}
	rapid.Check(t, func(t *rapid.T) {
		w := world{
			shards:     rapid.IntRange(0, limit.shards).Draw(t, "shards"),
			replicas:   rapid.IntRange(1, limit.replicas).Draw(t, "replicas"),
			restricted: may(t, limit.restricted, "restricted"),
			capacities: may(t, limit.capacities, "capacities"),
			weights:    may(t, limit.weights, "weights"),
			unwell:     may(t, limit.unwell, "unwell"),
			dead:       may(t, limit.dead, "dead"),
			vacantOnly: may(t, true, "vacantOnly"),
			buckets:    may(t, limit.buckets, "buckets"),
			moved:      may(t, limit.moved, "moved"),
			pins:       may(t, limit.pins, "pins"),
		}
		rnd := rand.New(rand.NewSource(rapid.Int64().Draw(t, "seed")))
		in := w.input(rnd)
		if err := check(rnd, in); err != nil {
			t.Fatalf("%v\nreplicas: %+v\nshards: %+v\nplan: %+v", err, in.Replicas, in.Shards, Plan(in).Decisions)
		}
	})
}

// allow is everything that a random input may contain.
var allow = world{shards: 14, replicas: 7, restricted: true, capacities: true, weights: true,
	unwell: true, dead: true, buckets: true, moved: true, pins: true}

// equalWeights is allow without weights.
var equalWeights = func() world { w := allow; w.weights = false; return w }()

func differ(got, want any) error {
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		return fmt.Errorf("got  %s\nwant %s", g, w)
	}
	return nil
}
