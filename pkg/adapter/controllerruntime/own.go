package controllerruntime

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	coordinationv1client "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
)

// Own makes the manager's replicas share kinds. It is called once, before Start,
// with all of them, and makes no request. The error names everything that is wrong
// with the options and the kinds, and the manager has no new runnable then.
//
// The Coordinator that it returns is for asking (Elected, Term): the manager runs
// it, and has its health check. options.Logger defaults to the manager's.
func (m *Manager) Own(options coordinator.Options, kinds ...Kind) (*coordinator.Coordinator, error) {
	return m.own(options, kinds, func(o coordinator.Options, k []coordinator.Kind) (*coordinator.Coordinator, error) {
		return coordinator.New(m.GetConfig(), o, k...)
	})
}

// OwnWithLeases is Own for Leases that are somewhere else than behind a
// rest.Config: in tests and simulations. See coordinator.NewWithLeases.
func (m *Manager) OwnWithLeases(client coordinationv1client.LeasesGetter, options coordinator.Options, kinds ...Kind) (*coordinator.Coordinator, error) {
	return m.own(options, kinds, func(o coordinator.Options, k []coordinator.Kind) (*coordinator.Coordinator, error) {
		return coordinator.NewWithLeases(client, o, k...)
	})
}

type makeCoordinator func(coordinator.Options, []coordinator.Kind) (*coordinator.Coordinator, error)

func (m *Manager) own(options coordinator.Options, kinds []Kind, build makeCoordinator) (*coordinator.Coordinator, error) {
	if m.owns {
		return nil, errors.New("kindred: Own was called twice: give all kinds to one call")
	}
	if options.Logger == nil {
		log := m.GetLogger().WithName("kindred")
		options.Logger = &log
	}
	var always []manager.Runnable
	var registered []coordinator.Kind
	var errs []error
	seen := map[schema.GroupKind]bool{}
	for i, k := range kinds {
		groupKind, err := k.validate(m.GetScheme(), i)
		if err == nil && !seen[groupKind] { // the second of one kind is reported by the coordinator
			var more []manager.Runnable
			more, err = rehearse(m, k)
			always = append(always, more...)
			if err != nil {
				err = fmt.Errorf("kind %s, Setup: %w", groupKind, err)
			}
		}
		if groupKind.Empty() { // it cannot be named, and still is a kind for the coordinator's checks
			groupKind.Kind = fmt.Sprintf("Kind%d", i+1)
		}
		seen[groupKind] = true
		registered = append(registered, coordinator.Kind{GroupKind: groupKind, Weight: k.Weight, Reconciler: &reconciler{manager: m, kind: k}})
		errs = append(errs, err)
	}
	c, err := build(options, registered)
	if errs = append(errs, m.checkShutdown(options.DrainTimeout)); errors.Join(errs...) != nil {
		return nil, fmt.Errorf("kindred: %w", errors.Join(append(errs, err)...))
	}
	if err != nil {
		return nil, err
	}
	m.owns = true
	return c, m.register(c, always)
}

// checkShutdown sees to it that the manager waits for the kinds' reconcilers, or
// their Leases would be left to expire.
func (m *Manager) checkShutdown(drain time.Duration) error {
	if drain == 0 {
		drain = coordinator.DefaultDrainTimeout
	}
	if m.shutdown < 0 || m.shutdown > drain {
		return nil
	}
	return fmt.Errorf("the manager's GracefulShutdownTimeout is %v and DrainTimeout %v: a manager that stops would not wait until its kinds are handed over; make the first longer, or the second shorter", m.shutdown, drain)
}

// register adds to the manager what every replica runs.
func (m *Manager) register(c *coordinator.Coordinator, always []manager.Runnable) error {
	for _, r := range always {
		if err := m.Manager.Add(r); err != nil {
			return err
		}
	}
	if err := m.AddHealthzCheck(c.Name(), c.Check); err != nil {
		return err
	}
	return m.Manager.Add(member{c})
}

// member is the coordinator as a runnable. Needing no election, it is among the first
// that a manager stops: at once, while the caches run, and waiting for nobody else.
type member struct{ coordinator *coordinator.Coordinator }

func (r member) Start(ctx context.Context) error { return r.coordinator.Run(ctx) }
func (r member) NeedLeaderElection() bool        { return false }
