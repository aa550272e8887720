package knative

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"

	"knative.dev/pkg/configmap"
	"knative.dev/pkg/controller"
	"knative.dev/pkg/injection"
	"knative.dev/pkg/injection/sharedmain"
	"knative.dev/pkg/leaderelection"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
)

// Options configure a Program. All of coordinator.Options but Component have defaults
// here, from what Knative's programs are given anyway: Namespace and PodNamespace are
// system.Namespace(), PodName is system.PodName(), Timing is the durations of
// config-leader-election.
type Options struct {
	// Component must be the name that sharedmain is given: Knative's Lease names begin
	// with it.
	coordinator.Options
	// KindredNames names the Leases as Kindred does, <component>.<kind>.<group>. By
	// default they have the names that Knative's electors give them, so that replicas
	// with those electors and with this one wait for each other. All replicas must do
	// the same.
	KindredNames bool
}

// Program is a program that is built with sharedmain and whose kinds are shared. Make it
// with NewProgram, wrap the constructors of its controllers with Own, and run sharedmain
// in Run.
type Program struct {
	options Options

	mu       sync.Mutex // guards what follows; constructors are called by sharedmain
	kinds    []*programKind
	errs     []error
	injected context.Context // what the constructors were given

	begin       sync.Once
	elections   sync.WaitGroup
	coordinator atomic.Pointer[coordinator.Coordinator]
	ran         atomic.Bool
	ctx         context.Context // of Run
	stop        context.CancelCauseFunc
	failure     error // read once elections has been waited for
}

// programKind is a kind and its controllers.
type programKind struct {
	kind       coordinator.Kind
	reconciler Reconciler
}

// NewProgram returns a program without kinds. Wrong options are reported by Run, with
// all that is wrong with the kinds.
func NewProgram(options Options) *Program { return &Program{options: options} }

// Own returns a constructor for sharedmain that makes what construct makes, as a
// controller of the kind. The kind has no Reconciler: the controller is. Several
// controllers of one kind, each wrapped with the same kind, have one owner.
//
// A controller that is not wrapped runs on every replica, and leads on every replica.
func (p *Program) Own(kind coordinator.Kind, construct injection.ControllerConstructor) injection.ControllerConstructor {
	return func(ctx context.Context, watcher configmap.Watcher) *controller.Impl {
		impl := construct(ctx, watcher)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.injected = ctx
		if leaderelection.HasLeaderElection(ctx) {
			p.errs = append(p.errs, fmt.Errorf("controller of %s: Knative's own leader election is on: give sharedmain the context that Run gives", kind.GroupKind))
		}
		o, err := own(impl, p.started)
		if err != nil {
			p.errs = append(p.errs, fmt.Errorf("kind %s: %w", kind.GroupKind, err))
			return p.refuse(impl)
		}
		p.errs = append(p.errs, p.add(kind, o))
		return impl
	}
}

// add registers a controller of a kind. mu is held.
func (p *Program) add(kind coordinator.Kind, o *owned) error {
	if kind.Reconciler != nil {
		return fmt.Errorf("kind %s has a Reconciler: leave it out, the controllers that Own wraps are", kind.GroupKind)
	}
	for _, other := range p.kinds {
		if other.kind.GroupKind != kind.GroupKind {
			continue
		}
		if other.kind != kind {
			return fmt.Errorf("kind %s is wrapped twice, with different settings: they have one owner and one Lease, so give both the same", kind.GroupKind)
		}
		other.reconciler.owned = append(other.reconciler.owned, o)
		return nil
	}
	p.kinds = append(p.kinds, &programKind{kind, Reconciler{[]*owned{o}}})
	return nil
}

// refuse makes of a controller that cannot be owned one that does nothing until the
// program ends for that reason.
func (p *Program) refuse(impl *controller.Impl) *controller.Impl {
	if impl != nil {
		impl.Reconciler = &owned{impl: impl, inner: refused{}, leader: refused{}, promoted: p.started, passing: map[*pass]struct{}{}}
	}
	return impl
}

// Run calls main, which runs sharedmain with the context that it is given:
//
//	func(ctx context.Context) { sharedmain.MainWithContext(ctx, component, ...) }
//
// In that context Knative's leader election is off. The election begins when sharedmain
// starts the controllers, which is after the caches have synced. When ctx is cancelled,
// the kinds are handed over while sharedmain stops. Run returns when both have ended,
// with everything that is wrong with options and kinds, or the error of
// coordinator.Coordinator.Run; then main's context is cancelled too. It may be called
// once.
func (p *Program) Run(ctx context.Context, main func(ctx context.Context)) error {
	if p.ran.Swap(true) {
		return errors.New("kindred: Run was called twice: make a new Program")
	}
	p.ctx, p.stop = context.WithCancelCause(ctx)
	defer p.stop(nil)
	main(sharedmain.WithHADisabled(p.ctx))
	p.stop(nil) // sharedmain may have ended by itself
	p.elections.Wait()
	return p.failure
}

// started is called when sharedmain starts a controller: all of them have been made by
// then.
func (p *Program) started() {
	p.begin.Do(func() {
		p.elections.Go(func() {
			if p.failure = p.elect(); p.failure != nil {
				p.stop(p.failure)
			}
		})
	})
}

func (p *Program) elect() error {
	p.mu.Lock()
	injected, kinds, err := p.injected, p.kinds, errors.Join(p.errs...)
	p.mu.Unlock()
	config, configErr := sharedmain.GetLeaderElectionConfig(injected)
	if configErr != nil {
		return fmt.Errorf("kindred: reading ConfigMap %s: %w", leaderelection.ConfigMapName(), errors.Join(err, configErr))
	}
	options, registered, settingsErr := settings(p.options, kinds, config)
	c, newErr := coordinator.New(injection.GetConfig(injected), options, registered...)
	if err = errors.Join(err, settingsErr); err != nil {
		return fmt.Errorf("kindred: %w", errors.Join(err, newErr))
	}
	if newErr != nil {
		return newErr
	}
	p.coordinator.Store(c)
	return c.Run(p.ctx)
}

// Coordinator returns the program's Coordinator, for asking (Elected, Term); nil before
// the election begins.
func (p *Program) Coordinator() *coordinator.Coordinator { return p.coordinator.Load() }

// Check is coordinator.Coordinator.Check. Before the election begins it passes.
func (p *Program) Check(r *http.Request) error {
	if c := p.Coordinator(); c != nil {
		return c.Check(r)
	}
	return nil
}
