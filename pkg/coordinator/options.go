package coordinator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/observe"
)

// Defaults of Options.
const (
	// DefaultRebalanceDelay is long enough for the replicas of a Deployment that
	// start together to appear, and short enough to watch.
	DefaultRebalanceDelay = 3 * time.Second
	// DefaultDrainTimeout leaves ten of the thirty seconds that Kubernetes gives a
	// Pod to stop for everything else.
	DefaultDrainTimeout = 20 * time.Second
)

// Options configure a replica. The zero value of every field but Component and
// Namespace means its default.
type Options struct {
	// Component is the name that all replicas of the controller share. It is the
	// first part of every Lease's name and their component label. A DNS label.
	Component string
	// Namespace is where the Leases are. Required.
	Namespace string

	// PodName, PodNamespace and PodUID say which Pod the replica is, from the
	// downward API. With a UID the member Lease is owned by the Pod and goes with
	// it (when the Leases are in the Pod's namespace). PodName defaults to the
	// host name, which in a Pod is the Pod's name.
	PodName, PodNamespace, PodUID string
	// Container is the container's name in the Pod. With a PodUID it says that an
	// earlier process with both has ended, because Kubernetes does not run a container
	// twice at once: its Leases are taken back at once. Give it when two containers of
	// one Pod have the same Component, and never give two processes the same.
	Container string
	// Revision is the version of the program that this replica runs, for example the
	// Pod's pod-template-hash. In a rollout kinds then move to the newest revision
	// only, each at most twice. Default: none, and all replicas are alike.
	Revision string
	// Identity is the holderIdentity. Default: <PodName>_<random suffix>. Two
	// processes must never share one; a replica that finds its identity in use
	// does not start (ErrIdentityInUse).
	Identity string

	// Timing is the Leases' timing. Default: Kubernetes' 15 s, 10 s and 2 s.
	Timing lease.Timing
	// Capacity is how much this replica can carry, relative to others. Default 1.
	Capacity int64
	// LearnWeights makes kinds weigh what their owners measure: 50, and a thousandth of
	// a worker that is busy for each one more (see Busy), smoothed over five minutes.
	// Kind.Weight is in the same unit then, and counts until there is a measurement.
	LearnWeights bool
	// RebalanceDelay is how long membership must hold still before a kind that has
	// an owner is moved to even out the split. Kinds without an owner never wait
	// for it. Default 3 s.
	RebalanceDelay time.Duration
	// MaxHandovers is how many kinds may be on their way from one live replica to
	// another at once, to even out the split; MaxHandoversHere is how many of this
	// replica's. Kinds whose owner leaves or dies are not held back. Default 0: no
	// bound.
	MaxHandovers, MaxHandoversHere int
	// DrainTimeout is how long a reconciler may take to return once its context is
	// cancelled. After that, or when the Lease is no longer safe to act under,
	// whichever comes first, it is stuck. Default 20 s.
	DrainTimeout time.Duration
	// Stuck says what to do about a stuck reconciler. Default ExitProcess.
	Stuck StuckPolicy

	// Pods are watched for containers that the kubelet has reported ended: what such a
	// replica owned is taken over at once instead of when its Leases expire. Default,
	// in New: the Pods in PodNamespace that have this Pod's labels, if PodUID is known.
	// That takes the permission to get, list and watch Pods; without it, that is
	// logged once and Leases expire. NoPods for none.
	Pods PodWatcher

	// DeletionCost keeps the annotation controller.kubernetes.io/pod-deletion-cost of
	// this replica's Pod at the number of kinds that it owns, so that a ReplicaSet that
	// is scaled down stops idle Pods first. It takes PodUID and the permission to patch
	// Pods, and one request each time that the number changes. Default: off.
	DeletionCost bool

	// OldLock is the name of the one Lease, in Namespace, with which an older version
	// of the program elected, while replicas of that version may run: the new replicas
	// hold it together, and run nothing while an old one has it (package oldlock). A
	// replica that loses it hands its kinds over, and Run returns ErrOldLockLost.
	// Timing.LeaseDuration must not be longer than the old version's: Run fails when it
	// finds that it is. Default: none.
	OldLock string
	// LeaseConfig connects to the cluster that has the Leases, when it is not the
	// one that New is given.
	LeaseConfig *rest.Config
	// KindExists says whether the API server serves a kind; a kind that it does not
	// serve yet is asked for again, and takes part in no election until then.
	// Default: the discovery API of the cluster that New is given.
	KindExists func(ctx context.Context, kind schema.GroupKind) error
	// Admitted, if given, is called at the start of each term, before the reconciler.
	// It returns nil once the API server lets the new owner's writes through, and
	// refuses those of the owner before. policy.Waiter makes one for the policies that
	// "kindred policy" prints; give it where they are installed. ctx is the term's.
	// When it fails the replica gives the kind up, as when a reconciler fails. Default:
	// nothing is waited for.
	Admitted func(ctx context.Context, kind schema.GroupKind) error

	// Observer is told what happens: package observe says what, when, and what a hook
	// must not do. observe.Tee makes one of several. Default: nobody is told.
	Observer *observe.Hooks

	// Logger gets one line per transition, none per renewal. Default: klog.
	Logger *logr.Logger
}

// StuckPolicy is what happens to a process one of whose reconcilers has not
// returned although its term is over or DrainTimeout has passed. Another replica
// may own the kind by then.
type StuckPolicy int

const (
	// ExitProcess ends the process with exit code ExitCodeStuck, and Kubernetes
	// restarts it. It is the only policy under which a reconciler that ignores its
	// context cannot work beside the next owner's.
	ExitProcess StuckPolicy = iota
	// KeepRunning logs, fails the health check, and leaves the process and its
	// other kinds alone. The stuck kind's Lease is left to expire, and the replica
	// does not campaign for it again until the reconciler has returned. Two
	// reconcilers of one kind may then work at once.
	KeepRunning
)

// ExitCodeStuck is the exit code of ExitProcess.
const ExitCodeStuck = 75

// withDefaults fills in what is zero.
func (o Options) withDefaults() Options {
	o.Timing = o.Timing.WithDefaults()
	if o.PodName == "" {
		o.PodName = hostName()
	}
	if o.Identity == "" {
		o.Identity = newIdentity(o.PodName)
	}
	if o.Capacity == 0 {
		o.Capacity = 1
	}
	if o.RebalanceDelay == 0 {
		o.RebalanceDelay = DefaultRebalanceDelay
	}
	if o.DrainTimeout == 0 {
		o.DrainTimeout = DefaultDrainTimeout
	}
	if o.Logger == nil {
		logger := klog.Background()
		o.Logger = &logger
	}
	return o
}

// validate returns everything that is wrong with the options and the kinds.
func validate(o Options, kinds []Kind) error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	if err := lease.ValidateComponent(o.Component); err != nil {
		errs = append(errs, err)
	}
	if o.Namespace == "" {
		add("namespace is empty: give the namespace for the Leases, usually the Pod's own (downward API, metadata.namespace)")
	} else if problems := validation.IsDNS1123Label(o.Namespace); len(problems) > 0 {
		add("namespace %q: %s", o.Namespace, problems[0])
	}
	if err := o.Timing.Validate(); err != nil {
		errs = append(errs, err)
	}
	if o.Capacity < 0 {
		add("capacity is %d: it must be at least 1", o.Capacity)
	}
	if o.DeletionCost && o.PodUID == "" {
		add("deletionCost is asked for and podUID is empty: give the Pod's UID (downward API, metadata.uid)")
	}
	if o.MaxHandovers < 0 || o.MaxHandoversHere < 0 {
		add("maxHandovers is %d and maxHandoversHere %d: they must not be negative; 0 is no bound", o.MaxHandovers, o.MaxHandoversHere)
	}
	if o.RebalanceDelay < 0 {
		add("rebalanceDelay is %v: it must not be negative", o.RebalanceDelay)
	}
	if o.DrainTimeout < 0 {
		add("drainTimeout is %v: it must not be negative", o.DrainTimeout)
	}
	if o.Stuck != ExitProcess && o.Stuck != KeepRunning {
		add("stuck policy %d is not known: use ExitProcess or KeepRunning", o.Stuck)
	}
	errs = append(errs, validateOldLock(o, kinds)...)
	return errors.Join(append(errs, validateKinds(o, kinds)...)...)
}

// validateKinds checks what is registered, each kind by itself and together.
func validateKinds(o Options, kinds []Kind) []error {
	var errs []error
	if len(kinds) == 0 {
		errs = append(errs, errors.New("no kind is registered: give New at least one Kind"))
	}
	seen, registered := map[string]lease.Shard{}, map[lease.Shard]bool{}
	for _, kind := range kinds {
		shard := lease.ShardOf(kind.GroupKind)
		if kind.Reconciler == nil {
			errs = append(errs, fmt.Errorf("kind %s has no Reconciler", shard))
		}
		if _, offered := kind.Reconciler.(StandbyReconciler); kind.Standby == Cold && kind.Reconciler != nil && !offered {
			errs = append(errs, fmt.Errorf("kind %s asks for a cold standby, and its Reconciler has no Standby: leave it out, or give a StandbyReconciler", shard))
		}
		if kind.Standby != Warm && kind.Standby != Cold {
			errs = append(errs, fmt.Errorf("kind %s has the standby policy %d, which is not known: use Warm or Cold", shard, kind.Standby))
		}
		if kind.Timing != (lease.Timing{}) {
			if err := kind.Timing.WithDefaults().Validate(); err != nil {
				errs = append(errs, fmt.Errorf("kind %s: %w", shard, err))
			}
		}
		if kind.Weight < 0 {
			errs = append(errs, fmt.Errorf("kind %s has weight %d: it must be at least 1", shard, kind.Weight))
		}
		errs = append(errs, validateBuckets(o, kind)...)
		if lease.ValidateComponent(o.Component) != nil {
			continue // already reported, and every name would repeat it
		}
		name, err := kind.leaseName(o.Component)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		switch other, taken := seen[name]; {
		case registered[shard]:
			errs = append(errs, fmt.Errorf("kind %s is registered twice: one Lease can start only one reconciler; register it once", shard))
		case taken:
			errs = append(errs, fmt.Errorf("kinds %s and %s would share the Lease %q, because Lease names are in lower case or it was given to both: rename one, give it another LeaseName, or run it in a component of its own", other, shard, name))
		}
		seen[name], registered[shard] = shard, true
	}
	return errs
}

// leaseName returns the name of the kind's Lease, given or not.
func (k Kind) leaseName(component string) (string, error) {
	shard := lease.ShardOf(k.GroupKind)
	name, err := shard.Name(component)
	if k.LeaseName == "" || err != nil {
		return name, err
	}
	if err := lease.ValidateName(component, k.LeaseName); err != nil {
		return "", fmt.Errorf("kind %s: %w", shard, err)
	}
	if _, _, of := lease.SplitName(k.LeaseName); of > 0 {
		return "", fmt.Errorf("kind %s: lease name %q ends like the name of a bucket's Lease: leave the last part out, and set Buckets to %d", shard, k.LeaseName, of)
	}
	if k.GroupKind.Group != "" && shard.Labels(component)[lease.LabelGroup] == "" {
		return "", fmt.Errorf("kind %s: its group is too long for a label, and nothing else on the Lease %q would say which kind it is of: leave LeaseName out", shard, k.LeaseName)
	}
	return k.LeaseName, nil
}
