package main

import (
	"github.com/spf13/pflag"

	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
	electionflags "github.com/kindred-k8s/kindred/pkg/flags"
)

// bind adds the flags. Those of the elections are package flags'.
func (o *options) bind(flags *pflag.FlagSet, getenv func(string) string) {
	flags.SortFlags = false
	flags.StringVar(&o.api.kubeconfig, "kubeconfig", "", "how to reach the API server; without it, as a Pod of its cluster")
	flags.Float32Var(&o.api.qps, "kube-api-qps", 50, "requests a second to the API server, without those for Leases")
	flags.IntVar(&o.api.burst, "kube-api-burst", 100, "requests to the API server at once, without those for Leases")

	o.election.flags = electionflags.Bind(flags, "sample-operator", getenv)
	flags.BoolVar(&o.election.fencePolicy, "fence-policy", false, "the policies of \"kindred policy\" are installed: begin a term once the API server has seen it")
	flags.StringToIntVar(&o.election.bucketFlags, "buckets", nil, "into how many parts a kind is split, so that several replicas share it, as in Database=3; without it, it is not split")
	flags.StringToInt64Var(&o.election.weightFlags, "weights", nil, "how much work a kind is, relative to the others, as in Database=3,Queue=2; without it, 1")

	o.work.bind(flags)
	flags.StringVar(&o.health, "health-bind-address", ":8081", `address of /healthz and /readyz; "0" for none`)
	flags.StringVar(&o.metrics, "metrics-bind-address", disabled, `address of /metrics, such as :8080, for anybody who reaches it; "0" for none`)
	flags.StringVar(&o.page, "page-bind-address", disabled, `address of the page that shows who owns what, as in :8083, which is on localhost only; "0" for none`)
	flags.BoolVar(&o.events, "events", true, "make Events about who owns what, and why; needs to create events in events.k8s.io")
}

func (o *workOptions) bind(flags *pflag.FlagSet) {
	flags.StringSliceVar(&o.kindFlags, "kinds", kindNames(sample.Kinds), "the kinds that this version serves")
	flags.StringVar(&o.namespace, "watch-namespace", "", "reconcile the objects of this namespace; without it, of all")
	flags.IntVar(&o.workers, "workers", 1, "objects of one kind that are reconciled at once")
	flags.DurationVar(&o.duration, "work-duration", 0, "how long reconciling one object takes")
	flags.StringVar(&o.journal, "journal", "", "test aid: append one line of JSON to this file when a reconciler starts and when it has stopped; overlaps are looked for in it")
	flags.DurationVar(&o.finish, "finish-duration", 0, "test aid: how long a reconciler goes on when its term ends, as one that finishes what is under way")
	flags.StringSliceVar(&o.ignoreFlags, "ignore-cancel", nil, "test aid: the reconcilers of these kinds do not stop when their term ends, to show what happens to one that is stuck")
}
