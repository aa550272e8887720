package controllerruntime

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// reconciler runs a kind's controllers during its terms.
type reconciler struct {
	manager *Manager
	kind    Kind
}

var _ coordinator.StandbyReconciler = (*reconciler)(nil)

// Standby starts the kind's informers. The manager runs them until it stops.
func (r *reconciler) Standby(ctx context.Context) error {
	for _, object := range append([]client.Object{r.kind.For}, r.kind.Warm...) {
		_, err := r.manager.GetCache().GetInformer(ctx, object, cache.BlockUntilSynced(false))
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("starting the informer of %T: %w", object, err)
		}
	}
	<-ctx.Done()
	return nil
}

// Run builds the kind's controllers anew and runs them until ctx is cancelled. It
// returns when nothing of the term runs any more, earlier only when something of it
// fails.
func (r *reconciler) Run(ctx context.Context, term lease.Term) (err error) {
	ctx, end := context.WithCancel(ctx)
	events := newTermCache(r.manager.GetCache())
	s := &setup{
		Manager: r.manager, cache: events, again: true,
		log: r.manager.GetLogger().WithValues("term", term.Token()),
	}
	defer func() {
		end()
		if ended := events.end(); ended != nil {
			err = errors.Join(err, fmt.Errorf("removing the event handlers of %s: %w", term.Shard, ended))
		}
		clearGauges(s.elected)
	}()
	if err := r.kind.Setup(s); err != nil {
		return fmt.Errorf("setting up the controllers of %s: %w", term.Shard, err)
	}
	return runAll(ctx, s.elected)
}

// runAll runs what a term consists of until ctx is cancelled or one of it fails,
// and returns when all have returned. One that returns early without an error has
// finished, as for a manager.
func runAll(ctx context.Context, all []manager.Runnable) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	var running sync.WaitGroup
	errs := make([]error, len(all))
	for i, r := range all {
		running.Go(func() {
			if errs[i] = r.Start(ctx); errs[i] != nil {
				end()
			}
		})
	}
	<-ctx.Done()
	running.Wait()
	return errors.Join(errs...)
}
