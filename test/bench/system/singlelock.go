package system

import (
	"context"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

// runSingleLock is a manager of controller-runtime with leader election, as its
// scaffolding has it, and released at the end. Each kind is a runnable, which
// starts when the manager has won its one lock.
func runSingleLock(ctx context.Context, m Member) error {
	mgr, err := ctrl.NewManager(m.Config, manager.Options{
		Scheme:         runtime.NewScheme(),
		Logger:         logr.Discard(),
		Metrics:        server.Options{BindAddress: "0"},
		LeaderElection: true, LeaderElectionID: Component, LeaderElectionNamespace: m.Namespace,
		LeaderElectionReleaseOnCancel: true,
		LeaseDuration:                 &m.Timing.LeaseDuration, RenewDeadline: &m.Timing.RenewDeadline, RetryPeriod: &m.Timing.RetryPeriod,
	})
	if err != nil {
		return err
	}
	for _, kind := range m.Kinds {
		work := func(ctx context.Context) error {
			m.Work(ctx, kind)
			return nil
		}
		if err := mgr.Add(manager.RunnableFunc(work)); err != nil {
			return err
		}
	}
	return mgr.Start(ctx)
}
