package patterns_test

import (
	"context"
	"fmt"

	"github.com/kindred-k8s/kindred/docs/examples/patterns"
	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

// Everyone reads and serves, the owner writes.
func Example_everyoneServesTheOwnerWrites() {
	leases, wrote := leaseapi.New().Client(nil), make(chan string, 10)
	start := func(pod string) (*patterns.Updates, *replica) {
		updates := &patterns.Updates{
			All: func() []string { return []string{"all that is known"} },
			Write: func(_ context.Context, update string) error {
				wrote <- pod + " writes " + update
				return nil
			},
		}
		return updates, newReplica(leases, pod, func(ctx context.Context, _ lease.Term) error { return updates.Run(ctx) }).run()
	}
	owner, first := start("pod-1")
	fmt.Println(<-wrote)
	standby, second := start("pod-2")
	for _, everyone := range []*patterns.Updates{standby, owner} {
		everyone.Send("route a") // both have seen it
	}
	fmt.Println(<-wrote)
	first.leave()
	fmt.Println(<-wrote)
	owner.Send("route b")
	standby.Send("route b")
	fmt.Println(<-wrote)
	second.leave()

	// Output:
	// pod-1 writes all that is known
	// pod-1 writes route a
	// pod-2 writes all that is known
	// pod-2 writes route b
}
