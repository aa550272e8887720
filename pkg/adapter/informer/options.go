package informer

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// Options configure a Runner.
type Options struct {
	// Name is the controller's name in logs and in the work queue's metrics, there
	// followed by the bucket, as in databases/1-of-4, if the kind has several.
	// Required.
	Name string
	// Informer watches the kind's objects. Required. Standby starts it; one that is
	// started elsewhere, such as by a shared informer factory, works too if it is
	// stopped only after the coordinator's Run has returned.
	Informer cache.SharedIndexInformer
	// Reconcile brings one object to its desired state. Required. It is called by
	// several workers at once but never twice at once for one key. The object may be
	// gone: look it up in the informer's cache.
	//
	// ctx is cancelled when the term ends; return soon then. An error makes the
	// object come back after a pause that grows with each failure. A panic ends the
	// process, as it does anywhere else.
	Reconcile func(ctx context.Context, term lease.Term, key cache.ObjectName) error

	// Workers is how many objects are reconciled at once. Default 1.
	Workers int
	// RateLimiter makes the rate limiter for one term. Default:
	// workqueue.DefaultTypedControllerRateLimiter.
	RateLimiter func() workqueue.TypedRateLimiter[cache.ObjectName]
}

// withDefaults fills in what is zero.
func (o Options) withDefaults() Options {
	if o.Workers == 0 {
		o.Workers = 1
	}
	if o.RateLimiter == nil {
		o.RateLimiter = workqueue.DefaultTypedControllerRateLimiter[cache.ObjectName]
	}
	return o
}

// validate returns everything that is wrong, joined.
func (o Options) validate() error {
	var errs []error
	if o.Name == "" {
		errs = append(errs, errors.New("name is empty: give the controller's name, which logs and metrics show"))
	}
	if o.Informer == nil {
		errs = append(errs, errors.New("informer is nil: give the informer of the kind's objects"))
	}
	if o.Reconcile == nil {
		errs = append(errs, errors.New("reconcile is nil: give the function that reconciles one object"))
	}
	if o.Workers < 0 {
		errs = append(errs, fmt.Errorf("workers is %d: it must be at least 1", o.Workers))
	}
	return errors.Join(errs...)
}
