package coordinator

import (
	"context"

	"github.com/kindred-k8s/kindred/pkg/kubelease"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// PodWatcher tells what the kubelets say about the component's Pods.
type PodWatcher interface {
	// Watch tells sink about each Pod that is there, then every change, until ctx is
	// cancelled. It tries again by itself and reports what fails as kubelease.Options'
	// Problem wants it. sink is called from one goroutine and does not block.
	Watch(ctx context.Context, sink func(lease.Pod), problem func(operation string, err error))
}

var _ PodWatcher = (*kubelease.Pods)(nil)

// NoPods is the PodWatcher that tells nothing: Leases of replicas that have crashed
// are left to expire.
var NoPods PodWatcher = noPods{}

type noPods struct{}

func (noPods) Watch(context.Context, func(lease.Pod), func(string, error)) {}
