package coordinator

import (
	"context"

	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"github.com/kindred-k8s/kindred/pkg/kubelease"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// Store is what the coordinator needs of the Lease API. kubelease.Store is it;
// what it must do beyond its signatures is written down as tests in storetest.
// All methods are called from several goroutines.
type Store interface {
	// Join writes the member Lease for the first time and fails with
	// kubelease.ErrIdentityInUse when another live process has the identity. Other
	// errors may pass.
	Join(ctx context.Context, member lease.Member) error
	// Publish writes the member Lease.
	Publish(ctx context.Context, member lease.Member) error
	// Leave deletes the member Lease.
	Leave(ctx context.Context, member lease.Member) error
	// Collect deletes the member Lease of a replica that is long gone, unless it has
	// changed since.
	Collect(ctx context.Context, name, uid, version string) error

	// Check returns all ownership Leases of the term's kind, by name, as they were at
	// some time after the call. Before that, for a term of a bucket, it makes sure that the
	// Lease of the whole kind is marked with lease.AnnotationSplit.
	Check(ctx context.Context, term lease.Term) (map[string]lease.Record, error)
	// Evict frees a Lease, unless it has changed since.
	Evict(ctx context.Context, name, uid, version string) error

	// Watch tells sink about all Leases of the component, then lease.Synced, then
	// every change, until ctx is cancelled. It tries again by itself.
	Watch(ctx context.Context, sink func(lease.Event))

	// Lock returns the lock for one campaign and the term that may follow, for an
	// elector with this timing, and a
	// function after which it makes no further request. The function may be called
	// again; it says whether the campaign was not won, as far as is known, but a write
	// that would win it was sent and has no answer.
	Lock(shard lease.Shard, timing lease.Timing, seen *lease.Record, expired bool, tell func(lease.LockEvent)) (resourcelock.Interface, func() (unanswered bool), error)
	// Release frees the Lease of a term whose work has ended, if it still is in that
	// term, and returns what it says now; nil when it does not exist. moves is written
	// with it.
	Release(ctx context.Context, term lease.Term, moves int) (*lease.Record, error)
}

var _ Store = (*kubelease.Store)(nil)
