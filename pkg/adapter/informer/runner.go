package informer

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// ErrStopped says that the informer has stopped, so that its cache is no basis to
// act on. client-go cannot start an informer again: a new Runner needs a new one.
var ErrStopped = errors.New("the informer has stopped and cannot be started again")

// Runner is a controller that works only during its terms. Make it with New.
type Runner struct {
	options Options

	// stopped is closed when Standby has returned: the cache is stale from then on.
	stopped chan struct{}
	stop    func()
}

var _ coordinator.StandbyReconciler = (*Runner)(nil)

// New returns a Runner. The error names everything that is wrong with the options.
func New(options Options) (*Runner, error) {
	options = options.withDefaults()
	if err := options.validate(); err != nil {
		return nil, fmt.Errorf("informer adapter %q: %w", options.Name, err)
	}
	stopped := make(chan struct{})
	return &Runner{
		options: options,
		stopped: stopped,
		stop:    sync.OnceFunc(func() { close(stopped) }),
	}, nil
}

// Standby runs the informer until ctx is cancelled, and returns when it has
// stopped. It returns ErrStopped when the informer had stopped before.
func (r *Runner) Standby(ctx context.Context) error {
	defer r.stop()
	r.options.Informer.RunWithContext(ctx)
	if ctx.Err() != nil {
		return nil
	}
	if r.options.Informer.IsStopped() {
		return fmt.Errorf("informer adapter %q: %w", r.options.Name, ErrStopped)
	}
	// Somebody else has started it and will stop it.
	<-ctx.Done()
	return nil
}

// Run reconciles every object in the cache, and then every object that changes,
// until ctx is cancelled; of a kind with buckets, those in the term's bucket. It
// returns when no reconcile is under way any more and its event handler is gone. It
// returns ErrStopped when the informer stops first.
func (r *Runner) Run(ctx context.Context, term lease.Term) error {
	log := klog.FromContext(ctx).WithValues("controller", r.options.Name, "term", term.Token())
	ctx, end := context.WithCancelCause(klog.NewContext(ctx, log))
	defer end(nil)

	// The informer tells a new handler about everything in its cache, under the
	// lock that orders events: nothing is missed between the two.
	queue := newQueue(r.options, term, log)
	handle, err := r.options.Informer.AddEventHandlerWithOptions(queue.handler(), cache.HandlerOptions{Logger: &log})
	if err != nil {
		queue.ShutDown()
		return r.failed(err)
	}

	var running sync.WaitGroup
	running.Go(func() {
		select {
		case <-r.stopped:
			end(ErrStopped)
		case <-ctx.Done():
		}
	})
	if cache.WaitFor(ctx, "", handle.HasSyncedChecker()) {
		log.V(1).Info("The cache has synced: starting the workers", "workers", r.options.Workers)
		for range r.options.Workers {
			running.Go(func() { queue.work(ctx, term, r.options.Reconcile) })
		}
	}
	<-ctx.Done()
	queue.ShutDown()
	running.Wait()
	if err := cache.ShutDownEventHandler(r.options.Informer, handle); err != nil {
		return r.failed(fmt.Errorf("removing the event handler: %w", err))
	}
	if errors.Is(context.Cause(ctx), ErrStopped) {
		return r.failed(ErrStopped)
	}
	return nil
}

// failed adds the controller's name. An informer refuses a new handler only when
// it has stopped, and says so in its own words.
func (r *Runner) failed(err error) error {
	if r.options.Informer.IsStopped() && !errors.Is(err, ErrStopped) {
		err = fmt.Errorf("%w: %w", ErrStopped, err)
	}
	return fmt.Errorf("informer adapter %q: %w", r.options.Name, err)
}
