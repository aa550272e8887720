package system

import (
	"context"
	"os"
	"sync"

	"go.uber.org/zap"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"knative.dev/pkg/leaderelection"
	"knative.dev/pkg/logging"
	"knative.dev/pkg/reconciler"
	"knative.dev/pkg/system"
)

// runKnative is an elector of Knative for each kind, as its controllers have one for
// each reconciler. Promote and Demote begin and end the work. As in
// controller.Impl.RunContext, the end of ctx ends elector and work at the same time,
// and the process waits for both.
func runKnative(ctx context.Context, m Member) error {
	if err := os.Setenv(system.NamespaceEnvKey, m.Namespace); err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(m.Config)
	if err != nil {
		return err
	}
	ctx = logging.WithLogger(ctx, zap.NewNop().Sugar())
	ctx = leaderelection.WithStandardLeaderElectorBuilder(ctx, client, leaderelection.ComponentConfig{
		Component: Component, Buckets: 1, Identity: m.identity(),
		LeaseDuration: m.Timing.LeaseDuration, RenewDeadline: m.Timing.RenewDeadline, RetryPeriod: m.Timing.RetryPeriod,
	})
	var running sync.WaitGroup
	defer running.Wait()
	for _, kind := range m.Kinds {
		aware := &leaderAware{m: m, kind: kind, life: ctx, running: &running}
		elector, err := leaderelection.BuildElector(ctx, aware, kind.Kind, func(reconciler.Bucket, types.NamespacedName) {})
		if err != nil {
			return err
		}
		running.Go(func() { elector.Run(ctx) })
	}
	<-ctx.Done()
	return nil
}

// leaderAware is a kind's reconciler, as Knative knows it.
type leaderAware struct {
	m       Member
	kind    schema.GroupKind
	life    context.Context
	running *sync.WaitGroup

	mu   sync.Mutex
	stop context.CancelFunc // guarded by mu: nil while it does not work
}

var _ reconciler.LeaderAware = (*leaderAware)(nil)

func (l *leaderAware) Promote(reconciler.Bucket, func(reconciler.Bucket, types.NamespacedName)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stop != nil {
		l.stop()
	}
	ctx, stop := context.WithCancel(l.life)
	l.stop = stop
	l.running.Go(func() { l.m.Work(ctx, l.kind) })
	return nil
}

func (l *leaderAware) Demote(reconciler.Bucket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stop != nil {
		l.stop()
		l.stop = nil
	}
}
