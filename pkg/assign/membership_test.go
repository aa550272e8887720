package assign_test

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"

	. "github.com/kindred-k8s/kindred/pkg/assign"
)

// Rule: with equal weights and capacities, from a settled state, one replica that comes, leaves or
// dies changes at most the share of one replica.
func TestMembershipChangeMovesLittle(t *testing.T) {
	check := func(rnd *rand.Rand, in Input) error {
		settled := carriedOut(in, Plan(in))
		shards, n := len(in.Shards), len(in.Replicas)
		share := func(replicas int) int { return (shards + replicas - 1) / replicas }

		joined := settled
		joined.Replicas = append(slices.Clone(settled.Replicas), Replica{
			Name: fmt.Sprintf("r%02dx", rnd.Intn(n)), ServesAll: true, Ready: true,
		})
		if got := Plan(joined).Changes(); got > share(n+1) {
			return fmt.Errorf("one joins: %d changes, want at most %d", got, share(n+1))
		}
		if n == 1 {
			return nil
		}
		leaver := rnd.Intn(n)
		drained := settled
		drained.Replicas = slices.Clone(settled.Replicas)
		drained.Replicas[leaver].Draining = true
		if got := Plan(drained).Changes(); got > share(n) {
			return fmt.Errorf("one drains: %d changes, want at most %d", got, share(n))
		}
		dead := settled
		dead.Replicas = slices.Delete(slices.Clone(settled.Replicas), leaver, leaver+1)
		if got := Plan(dead).Changes(); got > share(n) {
			return fmt.Errorf("one dies: %d changes, want at most %d", got, share(n))
		}
		return nil
	}
	w := world{shards: 60, replicas: 12, dead: true, buckets: true}
	everyInput(t, 2000, w, check)
	shrinking(t, w, check)
}
