package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// options are the program's settings, in the groups that use them.
type options struct {
	api      apiOptions
	replica  replicaOptions
	election electionOptions
	work     workOptions
	// health is the address for health checks; disabled for none.
	health string
}

// apiOptions say how to reach the API server.
type apiOptions struct {
	kubeconfig string
	qps        float32
	burst      int
}

// replicaOptions say which Pod this is.
type replicaOptions struct {
	namespace, name, uid, container, revision string
	watchPods, deletionCost                   bool
}

type electionOptions struct {
	component      string
	namespace      string
	timing         lease.Timing
	rebalanceDelay time.Duration
	drainTimeout   time.Duration
	capacity       int64
	weightFlags    map[string]int64
	bucketFlags    map[string]int
	fencePolicy    bool
	maxHandovers   int

	weights map[schema.GroupKind]int64 // from weightFlags
	buckets map[schema.GroupKind]int   // from bucketFlags
}

// workOptions are about the reconcilers.
type workOptions struct {
	namespace   string
	workers     int
	duration    time.Duration
	journal     string
	kindFlags   []string
	ignoreFlags []string

	kinds        []schema.GroupKind // from kindFlags
	ignoreCancel []schema.GroupKind // from ignoreFlags
}

// disabled is what Kubernetes' programs take for an address that is not served.
const disabled = "0"

// complete fills in what follows from other settings, and returns everything that
// is wrong, joined.
func (o *options) complete() error {
	if o.replica.name == "" {
		o.replica.name, _ = os.Hostname() // empty is reported below
	}
	if o.election.namespace == "" {
		o.election.namespace = o.replica.namespace
	}
	var errs []error
	if o.replica.name == "" {
		errs = append(errs, errors.New("--name is empty: give the replica's name, or set POD_NAME"))
	}
	if o.replica.namespace == "" {
		errs = append(errs, errors.New("--namespace is empty: give the replica's own namespace, or set POD_NAMESPACE"))
	}
	if o.health == "" {
		errs = append(errs, errors.New(`--health-bind-address is empty: use "0" for no health checks`))
	}
	errs = append(errs, o.work.complete()...)
	errs = append(errs, o.election.complete(o.work.kinds)...)
	return errors.Join(errs...)
}

func (o *workOptions) complete() []error {
	var errs, bad []error
	o.kinds, errs = parseKinds("--kinds", o.kindFlags, sample.Kinds)
	if len(o.kindFlags) == 0 {
		errs = append(errs, errors.New("--kinds is empty: name at least one kind"))
	}
	once := o.kinds[:0:0]
	for _, kind := range o.kinds {
		if slices.Contains(once, kind) {
			errs = append(errs, fmt.Errorf("--kinds names %s twice", kind.Kind))
			continue
		}
		once = append(once, kind)
	}
	o.kinds = once
	o.ignoreCancel, bad = parseKinds("--ignore-cancel", o.ignoreFlags, o.kinds)
	errs = append(errs, bad...)
	if o.workers < 1 {
		errs = append(errs, fmt.Errorf("--workers is %d: it must be at least 1", o.workers))
	}
	if o.duration < 0 {
		errs = append(errs, fmt.Errorf("--work-duration is %v: it must not be negative", o.duration))
	}
	return errs
}

// complete checks what the coordinator would check too, so that all is reported at
// once, and refuses zeros, which the coordinator takes for its defaults.
func (o *electionOptions) complete(kinds []schema.GroupKind) []error {
	var errs []error
	if err := lease.ValidateComponent(o.component); err != nil {
		errs = append(errs, fmt.Errorf("--component: %w", err))
	}
	if problems := validation.IsDNS1123Label(o.namespace); o.namespace != "" && len(problems) > 0 {
		errs = append(errs, fmt.Errorf("--leader-elect-resource-namespace, or --namespace, is %q: %s", o.namespace, problems[0]))
	}
	if err := o.timing.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("--leader-elect-*: %w", err))
	}
	if o.rebalanceDelay <= 0 {
		errs = append(errs, fmt.Errorf("--rebalance-delay is %v: it must be greater than zero", o.rebalanceDelay))
	}
	if o.maxHandovers < 0 {
		errs = append(errs, fmt.Errorf("--max-handovers is %d: it must not be negative", o.maxHandovers))
	}
	if o.drainTimeout <= 0 {
		errs = append(errs, fmt.Errorf("--drain-timeout is %v: it must be greater than zero", o.drainTimeout))
	}
	if o.capacity < 1 {
		errs = append(errs, fmt.Errorf("--capacity is %d: it must be at least 1", o.capacity))
	}
	o.weights = map[schema.GroupKind]int64{}
	for _, name := range slices.Sorted(maps.Keys(o.weightFlags)) {
		parsed, bad := parseKinds("--weights", []string{name}, kinds)
		errs = append(errs, bad...)
		if weight := o.weightFlags[name]; weight < 1 {
			errs = append(errs, fmt.Errorf("--weights gives %s the weight %d: it must be at least 1", name, weight))
		} else if len(parsed) == 1 {
			o.weights[parsed[0]] = weight
		}
	}
	o.buckets = map[schema.GroupKind]int{}
	for _, name := range slices.Sorted(maps.Keys(o.bucketFlags)) {
		parsed, bad := parseKinds("--buckets", []string{name}, kinds)
		errs = append(errs, bad...)
		if n := o.bucketFlags[name]; n < 1 || n > lease.MaxBuckets {
			errs = append(errs, fmt.Errorf("--buckets gives %s %d buckets: use 1, which is no split, to %d", name, n, lease.MaxBuckets))
		} else if len(parsed) == 1 {
			o.buckets[parsed[0]] = n
			if o.fencePolicy && n > 1 {
				errs = append(errs, fmt.Errorf("--buckets splits %s, and --fence-policy waits for a policy, which there cannot be for a kind that is split: leave one of them out", name))
			}
		}
	}
	return errs
}

// parseKinds finds names among kinds: Database, database or
// Database.sample.kindred.dev.
func parseKinds(flag string, names []string, kinds []schema.GroupKind) ([]schema.GroupKind, []error) {
	var found []schema.GroupKind
	var errs []error
	for _, name := range names {
		i := slices.IndexFunc(kinds, func(kind schema.GroupKind) bool {
			return strings.EqualFold(name, kind.Kind) || strings.EqualFold(name, kind.String())
		})
		if i < 0 {
			errs = append(errs, fmt.Errorf("%s names %q: use %s", flag, name, strings.Join(kindNames(kinds), ", ")))
			continue
		}
		found = append(found, kinds[i])
	}
	return found, errs
}

func kindNames(kinds []schema.GroupKind) []string {
	names := make([]string, 0, len(kinds))
	for _, kind := range kinds {
		names = append(names, kind.Kind)
	}
	return names
}
