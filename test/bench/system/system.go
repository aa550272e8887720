// Package system has the ways of sharing a controller's kinds among its replicas that
// are measured, each behind the same small interface and with the same work.
package system

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// Component is the name of the controller in each system.
const Component = "bench"

// Member is one replica of a system.
type Member struct {
	// Config connects to the API server. Nobody else uses its connections.
	Config *rest.Config
	// Namespace has the Leases, Pod is the replica's name.
	Namespace, Pod string
	// Revision is the version of the program, Capacity how much it can carry. Only
	// Kindred knows either.
	Revision string
	Capacity int64
	Kinds    []schema.GroupKind
	Timing   lease.Timing
	// Work is what a kind's reconciler does. It returns when ctx is done and it has
	// finished what it was at.
	Work func(ctx context.Context, kind schema.GroupKind)
}

// identity is what the member writes as holderIdentity.
func (m Member) identity() string { return fmt.Sprintf("%s_%d", m.Pod, time.Now().UnixNano()) }

// System is one way of sharing kinds.
type System struct {
	Name   string
	Timing lease.Timing
	// Run takes part until ctx is done, and returns when it has left as it does when
	// a process is told to stop: no work runs any more.
	Run func(ctx context.Context, m Member) error
}

// Names of the systems.
const (
	Kindred     = "Kindred"
	Knative     = "Knative"
	KnativeSlow = "Knative 60/40/10"
	ClientGo    = "client-go per kind"
	SingleLock  = "controller-runtime, one lock"
)

// Kubernetes is the timing that components of Kubernetes have, and OfKnative that which
// Knative has by default.
var (
	Kubernetes = lease.Timing{LeaseDuration: 15 * time.Second, RenewDeadline: 10 * time.Second, RetryPeriod: 2 * time.Second}
	OfKnative  = lease.Timing{LeaseDuration: 60 * time.Second, RenewDeadline: 40 * time.Second, RetryPeriod: 10 * time.Second}
	// short is for a run that only shows that it runs.
	short = lease.Timing{LeaseDuration: 3 * time.Second, RenewDeadline: 2 * time.Second, RetryPeriod: 500 * time.Millisecond}
)

// All returns the systems, Kindred first; in a short run with a short timing, and
// without the one that only has a longer.
func All(quick bool) []System {
	timing := Kubernetes
	if quick {
		timing = short
	}
	all := []System{
		{Kindred, timing, runKindred},
		{Knative, timing, runKnative},
		{ClientGo, timing, runClientGo},
		{SingleLock, timing, runSingleLock},
	}
	if !quick {
		all = append(all, System{KnativeSlow, OfKnative, runKnative})
	}
	return all
}

// Named returns the system with a name.
func Named(name string) (System, error) {
	for _, s := range All(false) {
		if s.Name == name {
			return s, nil
		}
	}
	return System{}, fmt.Errorf("there is no system %q", name)
}

// Kinds returns n kinds: those of the sample operator, which the API server serves, and
// for more, kinds that are only names.
func Kinds(n int) []schema.GroupKind {
	if n <= len(sample.Kinds) {
		return sample.Kinds[:n]
	}
	var kinds []schema.GroupKind
	for i := range n {
		kinds = append(kinds, schema.GroupKind{Group: "bench.kindred.dev", Kind: fmt.Sprintf("Kind%04d", i)})
	}
	return kinds
}

// served says whether the API server serves the kinds.
func served(kinds []schema.GroupKind) bool { return len(kinds) <= len(sample.Kinds) }
