package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
	"github.com/kindred-k8s/kindred/pkg/coordinator"
	electionflags "github.com/kindred-k8s/kindred/pkg/flags"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// options are the program's settings, in the groups that use them.
type options struct {
	api      apiOptions
	election electionOptions
	work     workOptions
	// health, metrics and page, which shows who owns what, are addresses; disabled for
	// none.
	health, metrics, page string
	// events says that Events are made.
	events bool
}

// apiOptions say how to reach the API server.
type apiOptions struct {
	kubeconfig string
	qps        float32
	burst      int
}

// electionOptions say how kinds are shared.
type electionOptions struct {
	flags       *electionflags.Flags
	weightFlags map[string]int64
	bucketFlags map[string]int
	fencePolicy bool

	coordinator coordinator.Options        // from flags
	weights     map[schema.GroupKind]int64 // from weightFlags
	buckets     map[schema.GroupKind]int   // from bucketFlags
}

// workOptions are about the reconcilers.
type workOptions struct {
	namespace   string
	workers     int
	duration    time.Duration
	finish      time.Duration
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
	var errs []error
	if o.health == "" {
		errs = append(errs, errors.New(`--health-bind-address is empty: use "0" for no health checks`))
	}
	if o.metrics == "" {
		errs = append(errs, errors.New(`--metrics-bind-address is empty: use "0" for no metrics`))
	}
	if o.page == "" {
		errs = append(errs, errors.New(`--page-bind-address is empty: use "0" for no page`))
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
	if o.finish < 0 {
		errs = append(errs, fmt.Errorf("--finish-duration is %v: it must not be negative", o.finish))
	}
	return errs
}

// complete reads the settings, for kinds that are served.
func (o *electionOptions) complete(kinds []schema.GroupKind) []error {
	var errs []error
	settings, err := o.flags.Options()
	if err != nil {
		errs = append(errs, err)
	}
	o.coordinator = settings
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
