package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/fence"
	"github.com/kindred-k8s/kindred/pkg/fence/policy"
)

// run is the life of the replica. It returns once ctx is cancelled and every kind
// has been handed over.
func run(ctx context.Context, o options) (err error) {
	config, err := o.api.config()
	if err != nil {
		return err
	}
	rest.AddUserAgent(config, o.election.component)
	journal, err := openJournal(o.work.journal, o.replica.name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, journal.close()) }()

	client, err := guardedClient(config)
	if err != nil {
		return err
	}
	kinds, err := o.kinds(client, journal)
	if err != nil {
		return err
	}
	settings := o.coordinator()
	if o.election.fencePolicy {
		if settings.Admitted, err = policy.Waiter(config, o.work.namespace); err != nil {
			return err
		}
	}
	c, err := coordinator.New(config, settings, kinds...)
	if err != nil {
		return err
	}

	// Health is served before the election begins and until it is over: a replica
	// that waits, or that is still draining, is healthy.
	health, err := listenHealth(ctx, o.health, c.Check)
	if err != nil {
		return err
	}
	var serving sync.WaitGroup
	var unhealthy error
	serving.Go(func() { unhealthy = health.serve() })
	err = c.Run(ctx)
	health.close()
	serving.Wait()
	return errors.Join(err, unhealthy)
}

// config says how to reach the API server.
func (o apiOptions) config() (config *rest.Config, err error) {
	if o.kubeconfig == "" {
		if config, err = rest.InClusterConfig(); err != nil {
			return nil, fmt.Errorf("there is no --kubeconfig, and this is no Pod: %w", err)
		}
	} else if config, err = clientcmd.BuildConfigFromFlags("", o.kubeconfig); err != nil {
		return nil, fmt.Errorf("--kubeconfig: %w", err)
	}
	config.QPS, config.Burst = o.qps, o.burst
	return config, nil
}

// guardedClient returns a client that writes only under a term that lasts. Only
// reconcilers write with it, so a write without a term is a mistake.
func guardedClient(config *rest.Config) (dynamic.Interface, error) {
	config, err := fence.Wrap(config, fence.RefuseUnfenced)
	if err != nil {
		return nil, err
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making the dynamic client: %w", err)
	}
	return client, nil
}

// kinds returns what the coordinator is to run.
func (o options) kinds(client dynamic.Interface, journal *journal) ([]coordinator.Kind, error) {
	var kinds []coordinator.Kind
	for _, kind := range o.work.kinds {
		reconciler, err := newReconciler(client, kind, o.replica.name, o.work)
		if err != nil {
			return nil, err
		}
		kinds = append(kinds, coordinator.Kind{
			GroupKind: kind,
			Weight:    o.election.weights[kind],
			Buckets:   o.election.buckets[kind],
			Reconciler: journaled{
				StandbyReconciler: reconciler,
				journal:           journal,
				ignoreCancel:      slices.Contains(o.work.ignoreCancel, kind),
			},
		})
	}
	return kinds, nil
}

func (o options) coordinator() coordinator.Options {
	var pods coordinator.PodWatcher // the default, which watches
	if !o.replica.watchPods {
		pods = coordinator.NoPods
	}
	return coordinator.Options{
		Component:      o.election.component,
		Namespace:      o.election.namespace,
		PodName:        o.replica.name,
		PodNamespace:   o.replica.namespace,
		PodUID:         o.replica.uid,
		Container:      o.replica.container,
		Revision:       o.replica.revision,
		Pods:           pods,
		DeletionCost:   o.replica.deletionCost,
		MaxHandovers:   o.election.maxHandovers,
		Timing:         o.election.timing,
		Capacity:       o.election.capacity,
		RebalanceDelay: o.election.rebalanceDelay,
		DrainTimeout:   o.election.drainTimeout,
	}
}
