package controllerruntime

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
)

// defaultShutdown is manager.Options.GracefulShutdownTimeout's default.
const defaultShutdown = 30 * time.Second

// Manager is a controller-runtime manager whose controllers belong to kinds. Make
// it with NewManager, give it the kinds with Own, and start it as usual.
type Manager struct {
	manager.Manager
	// shutdown is how long the manager waits for what it runs; negative for ever.
	shutdown time.Duration
	owns     bool
}

var _ manager.Manager = (*Manager)(nil)

// NewManager is controller-runtime's New for a manager that Kindred elects for. The
// error names everything that is wrong with the arguments; options.LeaderElection
// is: it would let one replica own everything.
//
// For guarded writes give it what fence.Wrap returns.
func NewManager(config *rest.Config, options manager.Options) (*Manager, error) {
	var errs []error
	if config == nil {
		errs = append(errs, errors.New("config is nil: give the rest.Config of the cluster, for example from ctrl.GetConfig"))
	}
	if options.LeaderElection {
		errs = append(errs, errors.New("LeaderElection is on: the manager's one lock would let one replica own every kind; remove LeaderElection and LeaderElectionID from the options, and give Own the kinds"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("kindred: %w", err)
	}
	m, err := manager.New(config, options)
	if err != nil {
		return nil, err
	}
	shutdown := defaultShutdown
	if options.GracefulShutdownTimeout != nil {
		shutdown = *options.GracefulShutdownTimeout
	}
	return &Manager{Manager: m, shutdown: shutdown}, nil
}

// Add adds what every replica runs from the start. It refuses what needs an
// election, as controllers do unless they say otherwise: that belongs in the Setup
// of a kind.
func (m *Manager) Add(r manager.Runnable) error {
	if !needsElection(r) {
		return m.Manager.Add(r)
	}
	what := fmt.Sprintf("a runnable (%T)", r)
	if _, ok := r.(controller.Controller); ok {
		what = "a controller"
	}
	return fmt.Errorf("kindred: %s that needs leader election was added to the manager, and without an election every replica would run it: build it in the Setup of a Kind, with the manager that Setup is given, or let its NeedLeaderElection be false", what)
}

// Start runs the manager until ctx is cancelled, and returns when every kind has
// been handed over and all else has stopped. Before it takes part in the elections
// it starts what every replica runs.
func (m *Manager) Start(ctx context.Context) error {
	if !m.owns {
		return errors.New("kindred: the manager owns no kind: call Own before Start")
	}
	return m.Manager.Start(ctx)
}

// needsElection says whether a runnable is for one replica only, as
// controller-runtime decides it.
func needsElection(r manager.Runnable) bool {
	switch r := r.(type) {
	case interface{ GetCache() cache.Cache }, webhook.Server:
		return false
	case manager.LeaderElectionRunnable:
		return r.NeedLeaderElection()
	}
	return true
}
