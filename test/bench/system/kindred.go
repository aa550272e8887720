package system

import (
	"context"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// runKindred is a coordinator with its defaults, as the README has it. Only with the
// timing of a short run does it not wait for the default delay.
func runKindred(ctx context.Context, m Member) error {
	quiet := logr.Discard()
	options := coordinator.Options{
		Component: Component, Namespace: m.Namespace, PodName: m.Pod, Identity: m.identity(),
		Timing: m.Timing, RebalanceDelay: min(coordinator.DefaultRebalanceDelay, m.Timing.LeaseDuration/3), Revision: m.Revision, Capacity: m.Capacity, Logger: &quiet,
	}
	if !served(m.Kinds) {
		options.KindExists = func(context.Context, schema.GroupKind) error { return nil }
	}
	var kinds []coordinator.Kind
	for _, kind := range m.Kinds {
		kinds = append(kinds, coordinator.Kind{GroupKind: kind, Reconciler: coordinator.ReconcilerFunc(
			func(ctx context.Context, _ lease.Term) error {
				m.Work(ctx, kind)
				return nil
			})})
	}
	c, err := coordinator.New(m.Config, options, kinds...)
	if err != nil {
		return err
	}
	return c.Run(ctx)
}
