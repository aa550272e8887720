package kubelease

import (
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	coordinationv1client "k8s.io/client-go/kubernetes/typed/coordination/v1"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// Options configure a Store. All but the Pod's fields are required.
type Options struct {
	Component, Namespace string
	// Identity is the holderIdentity that this replica writes.
	Identity string
	Timing   lease.Timing
	// Names are the names of the ownership Leases that are not Shard.Name's.
	Names map[lease.Shard]string

	// PodName, PodNamespace and PodUID make the Pod the owner of the member Lease,
	// when all are known and the Leases are in the Pod's namespace.
	PodName, PodNamespace, PodUID string

	// Problem is told about an operation that fails, and with a nil error when it
	// works again. It may be called from any goroutine and must not block. The
	// operation is a stable key, such as "watch" or a Lease's name.
	Problem func(operation string, err error)
}

// Store reads and writes the Leases of one component for one replica. It is safe
// for concurrent use.
type Store struct {
	options Options
	client  coordinationv1client.LeaseInterface
	member  string // the name of this replica's member Lease

	mu sync.Mutex
	// latest is the newest state known of each ownership Lease and of this replica's
	// member Lease, from the watch or from an answer to a write, so that a campaign
	// and a release need no read first.
	latest map[string]*coordinationv1.Lease
}

// NewStore returns a Store that uses client for everything. Its requests are
// bounded by Options.Timing.RequestTimeout, except the watch, so client must
// have no timeout of its own; see NewClient.
func NewStore(client coordinationv1client.LeasesGetter, options Options) *Store {
	if options.Problem == nil {
		options.Problem = func(string, error) {}
	}
	return &Store{
		options: options,
		client:  client.Leases(options.Namespace),
		member:  lease.MemberName(options.Component, options.Identity),
		latest:  map[string]*coordinationv1.Lease{},
	}
}

// known returns a copy of the newest known state of a Lease, or nil.
func (s *Store) known(name string) *coordinationv1.Lease {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.latest[name]; l != nil {
		return l.DeepCopy()
	}
	return nil
}

// remember keeps l, which must not be changed afterwards, when it is news, and says
// whether it is. It keeps no managed fields, which are half of a Lease: the API server
// takes its own for an update that has none.
func (s *Store) remember(l *coordinationv1.Lease) (news bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.latest[l.Name]; old != nil && !lease.Newer(l.ResourceVersion, old.ResourceVersion) {
		return false
	}
	kept := *l
	kept.ManagedFields = nil
	s.latest[l.Name] = &kept
	return true
}

// forget drops what is known of a Lease that was gone at version.
func (s *Store) forget(name, version string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.latest[name]; old != nil && lease.Newer(version, old.ResourceVersion) {
		delete(s.latest, name)
	}
}

// timeout bounds a request.
func (s *Store) timeout() time.Duration { return s.options.Timing.RequestTimeout() }
