package coordinator

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	coordinationv1client "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/rest"

	"github.com/kindred-k8s/kindred/pkg/elect"
	"github.com/kindred-k8s/kindred/pkg/kubelease"
	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/observe"
	"github.com/kindred-k8s/kindred/pkg/oldlock"
)

// ErrIdentityInUse is returned by Run when another live process has this
// replica's identity.
var ErrIdentityInUse = kubelease.ErrIdentityInUse

// ErrStuck is returned by Run under KeepRunning when a reconciler still ran at
// the end.
var ErrStuck = errors.New("reconciler stuck")

// Coordinator is one replica. Make it with New and give it its life with Run.
type Coordinator struct {
	options Options
	kinds   map[lease.Shard]*kind // by bucket, where a kind has several
	byKind  map[schema.GroupKind]*registered
	// leaseNames are the names of Leases that were given.
	leaseNames map[lease.Shard]string
	store      Store
	log        logr.Logger

	core   *elect.Core // owned by the goroutine of Run
	queue  queue
	member lease.Member // the last one published; owned by the goroutine of Run
	cost   deletionCost
	old    *oldlock.Lock // nil without Options.OldLock
	// oldUntil is until when this replica may act under the old lock.
	oldUntil bound
	// running joins everything that Run starts but stuck reconcilers.
	running  sync.WaitGroup
	problems problems
	observer *observer
	started  atomic.Bool
	// turn is when the loop last came round; nil when it never has, or has ended. The
	// time is monotonic: a clock that is set says nothing about the loop.
	turn atomic.Pointer[time.Time]
	// exit ends the process; tests replace it.
	exit func(code int)

	failed  sync.Mutex
	failure error // guarded by failed: why Run ends with an error
}

// New returns a replica that elects an owner for each of kinds and runs the
// reconcilers of those that it owns. It makes no request: Run does. The error
// names everything that is wrong with the options and the kinds.
//
// config connects to the cluster that has the objects. Its rate limits do not
// apply to Leases.
func New(config *rest.Config, options Options, kinds ...Kind) (*Coordinator, error) {
	options = options.withDefaults()
	err := validate(options, kinds)
	if config == nil {
		err = errors.Join(err, errors.New("config is nil: give the rest.Config of the cluster, for example from rest.InClusterConfig"))
	}
	if err != nil {
		return nil, fmt.Errorf("kindred: %w", err)
	}
	if options.KindExists == nil {
		client, err := discovery.NewDiscoveryClientForConfig(config)
		if err != nil {
			return nil, fmt.Errorf("kindred: making the discovery client: %w", err)
		}
		options.KindExists = discovered(discovery.ToDiscoveryInterfaceWithContext(client))
	}
	if options.Pods == nil && options.PodUID != "" {
		pods, err := kubelease.NewPods(config, options.PodNamespace, options.PodName)
		if err != nil {
			return nil, fmt.Errorf("kindred: %w", err)
		}
		options.Pods = pods
	}
	var cost func(context.Context, int) error
	if options.DeletionCost {
		pods, err := kubelease.NewPods(config, options.PodNamespace, options.PodName)
		if err != nil {
			return nil, fmt.Errorf("kindred: %w", err)
		}
		cost = pods.SetDeletionCost
	}
	if options.LeaseConfig != nil {
		config = options.LeaseConfig
	}
	c := assemble(options, kinds)
	if options.Observer != nil {
		config = kubelease.Told(config, func(verb string, code int, took time.Duration) {
			c.tell(observe.LeaseRequest{Verb: verb, Code: code, Took: took})
		})
	}
	client, err := kubelease.NewClient(config)
	if err != nil {
		return nil, fmt.Errorf("kindred: %w", err)
	}
	c.useLeases(client)
	c.cost.set = cost
	return c, nil
}

// NewWithLeases is New for Leases that are somewhere else than behind a
// rest.Config: in tests and simulations. Options.KindExists defaults to yes.
func NewWithLeases(client coordinationv1client.LeasesGetter, options Options, kinds ...Kind) (*Coordinator, error) {
	options = options.withDefaults()
	if err := validate(options, kinds); err != nil {
		return nil, fmt.Errorf("kindred: %w", err)
	}
	if options.KindExists == nil {
		options.KindExists = func(context.Context, schema.GroupKind) error { return nil }
	}
	c := assemble(options, kinds)
	c.useLeases(client)
	return c, nil
}

func (c *Coordinator) useLeases(client coordinationv1client.LeasesGetter) {
	c.store = kubelease.NewStore(client, c.storeOptions())
	c.useOldLock(client)
}

func assemble(options Options, kinds []Kind) *Coordinator {
	c := &Coordinator{
		options: options,
		kinds:   map[lease.Shard]*kind{},
		byKind:  map[schema.GroupKind]*registered{},

		leaseNames: map[lease.Shard]string{},

		exit: exitProcess,
		log:  options.Logger.WithValues("component", options.Component, "replica", options.Identity),
	}
	c.queue.init()
	c.problems.log, c.problems.tell = c.log, c.tell
	config := elect.Config{
		Identity: options.Identity, Instance: newSuffix(), Capacity: options.Capacity,
		Component: options.Component, Timing: options.Timing,
		RebalanceDelay: options.RebalanceDelay, DrainTimeout: options.DrainTimeout,
		Revision: options.Revision, PodUID: options.PodUID, Container: options.Container, Started: time.Now(),
		MaxMoving: options.MaxHandovers, MaxMovingHere: options.MaxHandoversHere,
	}
	for _, k := range kinds {
		timing := options.Timing
		if k.Timing != (lease.Timing{}) {
			timing = k.Timing.WithDefaults()
		}
		r := &registered{c: c, kind: k.GroupKind, reconciler: k.Reconciler, opened: make(chan struct{})}
		if k.Standby == Cold {
			r.cold = newColdStandby(r.kind, k.Reconciler.(StandbyReconciler)) // checked by validateKinds
		}
		c.byKind[k.GroupKind] = r
		for _, shard := range lease.ShardsOf(k.GroupKind, k.Buckets) {
			c.kinds[shard] = newKind(r, shard, timing)
			r.shards = append(r.shards, c.kinds[shard])
			if k.LeaseName != "" {
				c.leaseNames[shard] = k.LeaseName + shard.Suffix()
			}
			config.Shards = append(config.Shards, elect.ShardConfig{Shard: shard, Lease: c.leaseNames[shard], Weight: k.bucketWeight(), Group: k.Group, Timing: timing, Learn: options.LearnWeights})
		}
	}
	c.observer = newObserver(c)
	c.core = elect.New(config)
	c.member = c.core.Member()
	return c
}

func (c *Coordinator) storeOptions() kubelease.Options {
	o := c.options
	if o.LeaseConfig != nil {
		// The other cluster has no such Pod: its garbage collector would delete what
		// the Pod owns.
		o.PodUID = ""
	}
	return kubelease.Options{
		Component: o.Component, Namespace: o.Namespace, Identity: o.Identity, Timing: o.Timing, Names: c.leaseNames,
		PodName: o.PodName, PodNamespace: o.PodNamespace, PodUID: o.PodUID,
		Problem: c.problems.report,
	}
}

// Identity returns the holderIdentity of this replica.
func (c *Coordinator) Identity() string { return c.options.Identity }

// Elected returns a channel that is closed once this replica owns the kind: at
// once when it does now. There is one channel per term: after the term has ended
// Elected returns a new one, open until the next. A kind that is not registered
// has a channel that is never closed. Safe for concurrent use.
//
// A kind with buckets counts as owned while this replica owns any of them.
func (c *Coordinator) Elected(groupKind schema.GroupKind) <-chan struct{} {
	if r := c.byKind[groupKind]; r != nil {
		return r.elected()
	}
	return nil
}

// Term returns the term under which this replica owns the kind now, and false
// when it does not. What is decided by it can be out of date at once; work that
// needs the lock belongs in a Reconciler. Safe for concurrent use.
//
// Of a kind with buckets it is the first of Terms.
func (c *Coordinator) Term(groupKind schema.GroupKind) (lease.Term, bool) {
	if terms := c.Terms(groupKind); len(terms) > 0 {
		return terms[0], true
	}
	return lease.Term{}, false
}

// Terms returns the terms under which this replica owns the kind now: none, one, or,
// of a kind with buckets, one for each bucket that it owns, in their order. As with
// Term, it can be out of date at once. Safe for concurrent use.
func (c *Coordinator) Terms(groupKind schema.GroupKind) []lease.Term {
	if r := c.byKind[groupKind]; r != nil {
		return r.current()
	}
	return nil
}
