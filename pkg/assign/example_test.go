package assign_test

import (
	"fmt"

	"github.com/kindred-k8s/kindred/pkg/assign"
)

func ExamplePlan() {
	plan := assign.Plan(assign.Input{
		Shards: []assign.Shard{
			{Name: "Backup", Owner: "pod-a"},
			{Name: "Cache", Owner: "pod-a"},
			{Name: "Database", Owner: "pod-a"},
			{Name: "Queue", Owner: "pod-z"},
			{Name: "Topic"},
		},
		Replicas: []assign.Replica{
			{Name: "pod-a", Ready: true, ServesAll: true},
			{Name: "pod-b", Ready: true, ServesAll: true},
		},
	})
	for _, d := range plan.Decisions {
		fmt.Printf("%-8s %5s -> %s  %s\n", d.Shard, d.From, d.Owner, d.Reason)
	}
	// Output:
	// Backup   pod-a -> pod-a  owner kept: the split is balanced
	// Cache    pod-a -> pod-a  owner kept: the split is balanced
	// Database pod-a -> pod-a  owner kept: the split is balanced
	// Queue    pod-z -> pod-b  owner is gone: given to the least loaded replica that serves it
	// Topic          -> pod-b  no owner: given to the least loaded replica that serves it
}

// Replicas of an older revision serve fewer kinds. The plan still finds the best split, here by moving
// Cache so that Search, which only pod-b serves, does not come on top of it.
func ExamplePlan_restricted() {
	plan := assign.Plan(assign.Input{
		Shards: []assign.Shard{
			{Name: "Cache", Owner: "pod-b"},
			{Name: "Search"},
		},
		Replicas: []assign.Replica{
			{Name: "pod-a", Ready: true, Serves: []string{"Cache"}},
			{Name: "pod-b", Ready: true, ServesAll: true},
		},
	})
	for _, d := range plan.Decisions {
		fmt.Println(d.Shard, d.Owner, string(d.Reason))
	}
	// Output:
	// Cache pod-a Balance
	// Search pod-b Vacant
}

func ExampleResult_For() {
	plan := assign.Plan(assign.Input{
		Shards:   []assign.Shard{{Name: "Database", Owner: "pod-a"}},
		Replicas: []assign.Replica{{Name: "pod-a", ServesAll: true, Ready: true, Draining: true}},
	})
	d, known := plan.For("Database")
	fmt.Printf("%v %q %s\n", known, d.Owner, d.Reason)
	_, known = plan.For("Widget")
	fmt.Println(known)
	// Output:
	// true "" no ready replica serves it: left vacant
	// false
}
