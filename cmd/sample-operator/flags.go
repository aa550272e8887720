package main

import (
	"github.com/spf13/pflag"

	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// bind adds the flags. Where Kubernetes' own programs have a name for one, it is
// that name.
func (o *options) bind(flags *pflag.FlagSet, getenv func(string) string) {
	flags.SortFlags = false
	flags.StringVar(&o.api.kubeconfig, "kubeconfig", "", "how to reach the API server; without it, as a Pod of its cluster")
	flags.Float32Var(&o.api.qps, "kube-api-qps", 50, "requests a second to the API server, without those for Leases")
	flags.IntVar(&o.api.burst, "kube-api-burst", 100, "requests to the API server at once, without those for Leases")

	flags.StringVar(&o.replica.namespace, "namespace", getenv("POD_NAMESPACE"), "the replica's own namespace (POD_NAMESPACE)")
	flags.StringVar(&o.replica.name, "name", getenv("POD_NAME"), "the replica's name, the Pod's (POD_NAME); without it, the host name")
	o.replica.uid = getenv("POD_UID") // only the downward API knows it
	o.replica.container = getenv("POD_CONTAINER")
	flags.StringVar(&o.replica.revision, "revision", getenv("POD_TEMPLATE_HASH"), "the version of the program, so that rollouts move kinds to the newest only (POD_TEMPLATE_HASH)")
	flags.BoolVar(&o.replica.watchPods, "watch-pods", true, "take over at once from containers that the kubelet reports ended; needs POD_UID and to get, list and watch pods")

	flags.BoolVar(&o.replica.deletionCost, "pod-deletion-cost", false, "keep the Pod's deletion cost at the number of kinds that it owns; needs POD_UID and to patch pods")
	o.election.bind(flags)
	o.work.bind(flags)
	flags.StringVar(&o.health, "health-bind-address", ":8081", `address of /healthz and /readyz; "0" for none`)
}

func (o *electionOptions) bind(flags *pflag.FlagSet) {
	flags.StringVar(&o.component, "component", "sample-operator", "the name that all replicas share; Leases are named after it")
	flags.StringVar(&o.namespace, "leader-elect-resource-namespace", "", "where the Leases are; without it, --namespace")
	flags.DurationVar(&o.timing.LeaseDuration, "leader-elect-lease-duration", lease.DefaultLeaseDuration, "how long others wait before they take a Lease over; whole seconds")
	flags.DurationVar(&o.timing.RenewDeadline, "leader-elect-renew-deadline", lease.DefaultRenewDeadline, "how long an owner goes on trying to renew")
	flags.DurationVar(&o.timing.RetryPeriod, "leader-elect-retry-period", lease.DefaultRetryPeriod, "the time between renewals")
	flags.DurationVar(&o.rebalanceDelay, "rebalance-delay", coordinator.DefaultRebalanceDelay, "how long the replicas must stay the same before kinds that have an owner move")
	flags.DurationVar(&o.drainTimeout, "drain-timeout", coordinator.DefaultDrainTimeout, "how long a reconciler may take to stop; the process ends when it takes longer")
	flags.Int64Var(&o.capacity, "capacity", 1, "how much this replica can carry, relative to the others")
	flags.BoolVar(&o.fencePolicy, "fence-policy", false, "the policies of \"kindred policy\" are installed: begin a term once the API server has seen it")
	flags.IntVar(&o.maxHandovers, "max-handovers", 0, "how many kinds may move at once to even out the split; 0 for any number")
	flags.StringToIntVar(&o.bucketFlags, "buckets", nil, "into how many parts a kind is split, so that several replicas share it, as in Database=3; without it, it is not split")
	flags.StringToInt64Var(&o.weightFlags, "weights", nil, "how much work a kind is, relative to the others, as in Database=3,Queue=2; without it, 1")
}

func (o *workOptions) bind(flags *pflag.FlagSet) {
	flags.StringSliceVar(&o.kindFlags, "kinds", kindNames(sample.Kinds), "the kinds that this version serves")
	flags.StringVar(&o.namespace, "watch-namespace", "", "reconcile the objects of this namespace; without it, of all")
	flags.IntVar(&o.workers, "workers", 1, "objects of one kind that are reconciled at once")
	flags.DurationVar(&o.duration, "work-duration", 0, "how long reconciling one object takes")
	flags.StringVar(&o.journal, "journal", "", "test aid: append one line of JSON to this file when a reconciler starts and when it has stopped; overlaps are looked for in it")
	flags.StringSliceVar(&o.ignoreFlags, "ignore-cancel", nil, "test aid: the reconcilers of these kinds do not stop when their term ends, to show what happens to one that is stuck")
}
