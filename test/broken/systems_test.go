package broken

import (
	"context"
	"strconv"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/klog/v2"

	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/fence/policy"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// The systems, by the names that the table has.
const (
	plain    = "client-go"
	kindred  = "Kindred"
	policies = "Kindred + policy"
)

// The controls: Kindred without what ends the process of a reconciler that does not
// return, so that only the client-side fence is left; and without that too.
const (
	fenceAlone = "fence alone"
	noFence    = "no fence"
)

// design is how a system comes by its terms.
type design struct {
	program func(ctx context.Context, config *rest.Config, w *worker) error
	// guarded: its writes go through the client-side fence.
	guarded bool
	// installed: the API server has its policies.
	installed bool
}

var systems = map[string]design{
	plain:    {program: runPlain},
	kindred:  {program: runKindred(coordinator.ExitProcess, noWait), guarded: true},
	policies: {program: runKindred(coordinator.ExitProcess, waitUntilSeen), guarded: true, installed: true},

	fenceAlone: {program: runKindred(coordinator.KeepRunning, noWait), guarded: true},
	noFence:    {program: runKindred(coordinator.KeepRunning, noWait)},
}

// runPlain is a LeaderElector for each kind, in the way in which most people write
// it: the work gets the context that OnStartedLeading has, the loss is logged, and
// the program campaigns again.
func runPlain(ctx context.Context, config *rest.Config, w *worker) error {
	for _, kind := range kinds {
		go func() {
			for ctx.Err() == nil {
				if err := campaign(ctx, config, w, kind); err != nil {
					klog.ErrorS(err, "no elector")
					time.Sleep(time.Second)
				}
			}
		}()
	}
	<-ctx.Done()
	return nil
}

func campaign(ctx context.Context, config *rest.Config, w *worker, kind schema.GroupKind) error {
	name, err := lease.ShardOf(kind).Name(component)
	if err != nil {
		return err
	}
	// client-go's own way to make a lock, with a client whose requests time out.
	l, err := resourcelock.NewFromKubeconfig(resourcelock.LeasesResourceLock, w.order.Namespace, name,
		resourcelock.ResourceLockConfig{Identity: w.identity}, config, timing.RenewDeadline)
	if err != nil {
		return err
	}
	lock := &observed{Interface: l}
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock:          lock,
		LeaseDuration: timing.LeaseDuration, RenewDeadline: timing.RenewDeadline, RetryPeriod: timing.RetryPeriod,
		ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(ctx context.Context) { w.work(ctx, kind, lock.token()) },
			OnStoppedLeading: func() { klog.InfoS("stopped leading", "kind", kind.Kind) },
		},
	})
	if err != nil {
		return err
	}
	elector.Run(ctx)
	return nil
}

// observed is a lock that remembers leaseTransitions of the last write that made or
// kept its elector the holder.
type observed struct {
	resourcelock.Interface
	mu          sync.Mutex
	transitions int
}

func (o *observed) Create(ctx context.Context, r resourcelock.LeaderElectionRecord) error {
	return o.note(r, o.Interface.Create(ctx, r))
}

func (o *observed) Update(ctx context.Context, r resourcelock.LeaderElectionRecord) error {
	return o.note(r, o.Interface.Update(ctx, r))
}

func (o *observed) note(r resourcelock.LeaderElectionRecord, err error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err == nil && r.HolderIdentity == o.Identity() {
		o.transitions = r.LeaderTransitions
	}
	return err
}

// token is the term's: a plain elector knows its number only.
func (o *observed) token() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strconv.Itoa(o.transitions)
}

// runKindred is a coordinator, as the README has it.
func runKindred(stuck coordinator.StuckPolicy, before func(context.Context, *worker, schema.GroupKind) error) func(context.Context, *rest.Config, *worker) error {
	return func(ctx context.Context, config *rest.Config, w *worker) error {
		options := coordinator.Options{
			Component: component, Namespace: w.order.Namespace, PodName: w.order.Pod, Identity: w.identity,
			Timing: timing, RebalanceDelay: time.Second, Stuck: stuck,
		}
		var all []coordinator.Kind
		for _, kind := range kinds {
			all = append(all, coordinator.Kind{GroupKind: kind, Reconciler: coordinator.ReconcilerFunc(
				func(ctx context.Context, term lease.Term) error {
					if err := before(ctx, w, kind); err != nil {
						return err
					}
					w.work(ctx, kind, term.Token())
					return nil
				})})
		}
		c, err := coordinator.New(config, options, all...)
		if err != nil {
			return err
		}
		return c.Run(ctx)
	}
}

func noWait(context.Context, *worker, schema.GroupKind) error { return nil }

// waitUntilSeen is what a new owner owes to the policy.
func waitUntilSeen(ctx context.Context, w *worker, kind schema.GroupKind) error {
	return policy.WaitUntilSeen(ctx, w.client, sample.GVR(kind), w.order.Namespace)
}
