package main

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/spf13/pflag"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

// FuzzFlags: the program refuses what the coordinator would refuse, so that people
// see every mistake at once.
func FuzzFlags(f *testing.F) {
	f.Add("--capacity=3 --weights=Database=2,queue=1 --kinds=Database,queue.sample.kindred.dev")
	f.Add("--leader-elect-lease-duration=4s --leader-elect-renew-deadline=3s --leader-elect-retry-period=1s")
	f.Add("--leader-elect-lease-duration=2562047h47m16s --leader-elect-retry-period=2562047h47m16s")
	f.Add("--leader-elect-resource-namespace=No.Namespace") // found: the coordinator refused it, alone
	f.Add("--kinds=database,Database --weights=Nothing=1 --component=A.b")
	f.Add("--rebalance-delay=-1s --drain-timeout=0s --workers=0 --work-duration=-1s")
	f.Add("--weights=Database=9223372036854775807 --capacity=9223372036854775807")
	f.Add("--capacity=9223372036854775808 --weights==")
	f.Add("--weights=Database=0")
	f.Add("--buckets=Database=3,queue=1")
	f.Add("--buckets=Database=101 --fence-policy")
	f.Add("--kinds=database,Database")
	f.Fuzz(func(t *testing.T, line string) {
		var o options
		flags := pflag.NewFlagSet("sample-operator", pflag.ContinueOnError)
		o.bind(flags, func(name string) string { return pod[name] })
		if flags.Parse(strings.Fields(line)) != nil || o.complete() != nil {
			return
		}
		var kinds []coordinator.Kind
		for _, kind := range o.work.kinds {
			kinds = append(kinds, coordinator.Kind{GroupKind: kind, Weight: o.election.weights[kind], Buckets: o.election.buckets[kind], Reconciler: coordinator.ReconcilerFunc(nil)})
		}
		if len(kinds) == 0 {
			t.Errorf("%q is accepted, and serves nothing", line)
		}
		quiet, given := logr.Discard(), o.coordinator()
		given.Logger = &quiet
		if _, err := coordinator.NewWithLeases(leaseapi.New().Client(nil), given, kinds...); err != nil {
			t.Errorf("%q is accepted, and refused by the coordinator: %v", line, err)
		}
		for kind, weight := range o.election.weights {
			if weight < 1 {
				t.Errorf("%q gives %v the weight %d", line, kind, weight)
			}
		}
		longest := math.MaxInt32 * time.Second
		if timing := o.election.timing; timing.RetryPeriod <= 0 || timing.LeaseDuration > longest || o.election.capacity < 1 {
			t.Errorf("%q gives %+v", line, o.election)
		}
	})
}
