package knative

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	"knative.dev/pkg/controller"
	"knative.dev/pkg/leaderelection"
	"knative.dev/pkg/reconciler"
	"knative.dev/pkg/system"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// Timing returns the durations of the ConfigMap config-leader-election, as Knative's
// parser (leaderelection.NewConfigFromConfigMap) has read it.
func Timing(config *leaderelection.Config) lease.Timing {
	return lease.Timing{LeaseDuration: config.LeaseDuration, RenewDeadline: config.RenewDeadline, RetryPeriod: config.RetryPeriod}
}

// LeaseName returns the coordinator.Kind.LeaseName with which a controller has the Leases
// that Knative's electors use for it, <prefix>.<i>-of-<buckets>: the whole name for one
// bucket, and for several the prefix, to which Kindred adds the rest. The prefix is
// <component>.<name of the work queue>, or what the ConfigMap config-leader-election maps
// that to.
//
// Knative keeps this to itself (leaderelection, standardBucketName).
func LeaseName(config *leaderelection.Config, component string, impl *controller.Impl) string {
	prefix := component + "." + impl.Name
	name := strings.ToLower(cmp.Or(config.LeaseNamesPrefixMapping[prefix], prefix))
	if config.Buckets > 1 {
		return name
	}
	return name + ".00-of-01"
}

// settings returns what the coordinator is given.
func settings(o Options, kinds []*programKind, config *leaderelection.Config) (coordinator.Options, []coordinator.Kind, error) {
	options := o.Options
	options.Namespace = cmp.Or(options.Namespace, system.Namespace())
	options.PodNamespace = cmp.Or(options.PodNamespace, system.Namespace())
	options.PodName = cmp.Or(options.PodName, system.PodName())
	options.Timing = cmp.Or(options.Timing, Timing(config))
	var registered []coordinator.Kind
	var errs []error
	for _, k := range kinds {
		kind := k.kind
		kind.Reconciler = &k.reconciler
		if kind.Buckets == 0 && config.Buckets > 1 {
			kind.Buckets = int(config.Buckets)
		}
		if kind.LeaseName == "" && !o.KindredNames {
			var err error
			kind.LeaseName, err = k.leaseName(config, options.Component, kind.Buckets)
			errs = append(errs, err)
		}
		registered = append(registered, kind)
	}
	return options, registered, errors.Join(errs...)
}

// leaseName returns the name that Knative gives to the kind's Lease.
func (k *programKind) leaseName(config *leaderelection.Config, component string, buckets int) (string, error) {
	controllers := k.reconciler.owned
	if len(controllers) > 1 {
		var names []string
		for _, o := range controllers {
			names = append(names, o.impl.Name)
		}
		return "", fmt.Errorf("kind %s has several controllers (%s), and Knative has a Lease for each, but a kind has one Lease: set KindredNames, or this kind's LeaseName, and let no replica with Knative's electors run beside these",
			k.kind.GroupKind, strings.Join(names, ", "))
	}
	its := *config
	its.Buckets = uint32(max(buckets, 1))
	return LeaseName(&its, component, controllers[0].impl), nil
}

// refused is the reconciler of a controller that cannot be owned.
type refused struct{}

func (refused) Reconcile(_ context.Context, key string) error { return controller.NewSkipKey(key) }

func (refused) Promote(reconciler.Bucket, func(reconciler.Bucket, types.NamespacedName)) error {
	return nil
}

func (refused) Demote(reconciler.Bucket) {}
