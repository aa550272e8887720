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
	rest.AddUserAgent(config, o.election.coordinator.Component)
	journal, err := openJournal(o.work.journal, o.election.coordinator.PodName)
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
	settings := o.election.coordinator
	if o.election.fencePolicy {
		if settings.Admitted, err = policy.Waiter(config, o.work.namespace); err != nil {
			return err
		}
	}
	seen, err := observers(config, o.events)
	if err != nil {
		return err
	}
	settings.Observer = seen.hooks
	c, err := coordinator.New(config, settings, kinds...)
	if err != nil {
		return err
	}

	shown, err := newDiagnostics(o, config)
	if err != nil {
		return err
	}

	// All this is served before the election begins and until it is over: a replica
	// that waits, or that is still draining, is healthy.
	var serving servers
	defer func() { err = errors.Join(err, serving.close()) }()
	if err := serving.add(listenHealth(ctx, o.health, c.Check)); err != nil {
		return err
	}
	if err := serving.add(listen(ctx, "metrics", o.metrics, seen.handler())); err != nil {
		return err
	}
	if err := serving.add(listen(ctx, "the page that shows who owns what", shown.address(), shown.handler())); err != nil {
		return err
	}
	var watchers sync.WaitGroup
	watching, told := context.WithCancel(context.WithoutCancel(ctx))
	watchers.Go(func() { seen.record(watching) })
	watchers.Go(func() { shown.watch(watching) })
	err = c.Run(ctx)
	told() // of the last terms, too
	watchers.Wait()
	return err
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
		reconciler, err := newReconciler(client, kind, o.election.coordinator.PodName, o.work)
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
				finish:            o.work.finish,
				ignoreCancel:      slices.Contains(o.work.ignoreCancel, kind),
			},
		})
	}
	return kinds, nil
}
