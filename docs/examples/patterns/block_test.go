package patterns_test

import (
	"context"
	"fmt"

	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

// Block main until elected: what comes after the election is the reconciler. main
// calls Run last, and Run returns when the rest of main has.
func Example_blockMainUntilElected() {
	leases := leaseapi.New().Client(nil)
	steps := make(chan string)
	main := func(pod string) *replica {
		return newReplica(leases, pod, func(ctx context.Context, _ lease.Term) error {
			steps <- pod + ": elected, the rest of main runs"
			<-ctx.Done()
			steps <- pod + ": the rest of main has ended"
			return nil
		}).run()
	}
	first := main("pod-1")
	fmt.Println(<-steps)
	second := main("pod-2") // blocked
	go first.leave()
	fmt.Println(<-steps)
	fmt.Println(<-steps)
	go second.leave()
	fmt.Println(<-steps)

	// Output:
	// pod-1: elected, the rest of main runs
	// pod-1: the rest of main has ended
	// pod-2: elected, the rest of main runs
	// pod-2: the rest of main has ended
}
