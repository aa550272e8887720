package coordinator_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

// FuzzOptions: whatever a program gives, it is refused, without a request, or the
// Leases that follow from it can be written.
func FuzzOptions(f *testing.F) {
	second := int64(time.Second)
	f.Add("op", "default", "op-0", "", "A", "b", "C", "b", 15*second, 10*second, 2*second, int64(0), int64(0), int64(1))
	f.Add("op", "default", "Host.Name", "x", "A", "b", "a", "b", int64(0), int64(0), int64(0), 3*second, 20*second, int64(1))
	f.Add("op", "default", "", "\x00", "A", "b.c", "A.b", "c", int64(0), int64(0), int64(0), int64(0), int64(0), int64(math.MaxInt64))
	f.Add("op", "No.Namespace", "", "", "A", "b", "C", "", int64(1<<31)*second, 10*second, int64(math.MaxInt64), int64(-1), int64(-1), int64(-1))
	f.Add("op", "default", "", "", strings.Repeat("K", 64), "b", "\u212a", "b", int64(0), int64(0), int64(0), int64(math.MaxInt64), int64(math.MaxInt64), int64(0))
	f.Add("op", "default", "op-0", "", "A", "b", "C", "b", int64(0), int64(0), int64(0), int64(-1), int64(0), int64(0))
	nothing := coordinator.ReconcilerFunc(nil)
	f.Fuzz(func(t *testing.T, component, namespace, pod, identity, kind, group, kind2, group2 string, leaseDuration, renewDeadline, retryPeriod, rebalance, drain, capacity int64) {
		options := quiet(pod)
		options.Component, options.Namespace, options.Identity, options.Capacity = component, namespace, identity, capacity
		options.RebalanceDelay, options.DrainTimeout = time.Duration(rebalance), time.Duration(drain)
		options.Timing = lease.Timing{LeaseDuration: time.Duration(leaseDuration), RenewDeadline: time.Duration(renewDeadline), RetryPeriod: time.Duration(retryPeriod)}
		api := leaseapi.New()
		groupKinds := []schema.GroupKind{{Group: group, Kind: kind}, {Group: group2, Kind: kind2}}
		c, err := coordinator.NewWithLeases(api.Client(nil), options,
			coordinator.Kind{GroupKind: groupKinds[0], Reconciler: nothing}, coordinator.Kind{GroupKind: groupKinds[1], Reconciler: nothing, Weight: capacity})
		if requests := api.Requests(); len(requests) > 0 {
			t.Errorf("requests before Run: %v", requests)
		}
		if err != nil {
			if c != nil || !strings.HasPrefix(err.Error(), "kindred: ") {
				t.Errorf("error %v, and %v", err, c)
			}
			return
		}
		if c.Identity() == "" || identity != "" && c.Identity() != identity {
			t.Errorf("identity %q was given and is %q", identity, c.Identity())
		}
		names := map[string]bool{lease.MemberName(component, c.Identity()): true}
		for _, gk := range groupKinds {
			name, err := lease.ShardOf(gk).Name(component)
			if err != nil || names[name] {
				t.Errorf("%v is accepted: Lease %q, %v", gk, name, err)
			}
			names[name] = true
		}
		for name := range names {
			if problems := validation.IsDNS1123Subdomain(name); len(problems) > 0 {
				t.Errorf("Lease %q: %v", name, problems)
			}
		}
		if timing := options.Timing.WithDefaults(); timing.Validate() != nil || rebalance < 0 || drain < 0 || capacity < 0 {
			t.Errorf("%+v is accepted", options)
		}
	})
}
