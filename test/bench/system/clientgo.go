package system

import (
	"context"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// runClientGo is a LeaderElector for each kind: the work gets the context that
// OnStartedLeading has, the program campaigns again after a loss, and at its end it
// waits for the work. All electors of a replica share one client.
func runClientGo(ctx context.Context, m Member) error {
	config := rest.CopyConfig(m.Config)
	config.Timeout = m.Timing.RenewDeadline / 2 // as resourcelock.NewFromKubeconfig has it
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	identity := m.identity()
	var running sync.WaitGroup
	defer running.Wait()
	for _, kind := range m.Kinds {
		config, err := m.election(ctx, &running, client, identity, kind)
		if err != nil {
			return err
		}
		running.Go(func() {
			for ctx.Err() == nil {
				leaderelection.RunOrDie(ctx, config)
			}
		})
	}
	<-ctx.Done()
	return nil
}

func (m Member) election(life context.Context, running *sync.WaitGroup, client kubernetes.Interface, identity string, kind schema.GroupKind) (leaderelection.LeaderElectionConfig, error) {
	name, err := lease.ShardOf(kind).Name(Component)
	if err != nil {
		return leaderelection.LeaderElectionConfig{}, err
	}
	lock, err := resourcelock.New(resourcelock.LeasesResourceLock, m.Namespace, name,
		client.CoreV1(), client.CoordinationV1(), resourcelock.ResourceLockConfig{Identity: identity})
	if err != nil {
		return leaderelection.LeaderElectionConfig{}, err
	}
	// OnStartedLeading is called from a goroutine that nobody waits for, and may be
	// called when ctx has ended; whoever joins it has to count from here.
	return leaderelection.LeaderElectionConfig{
		Lock: lock, Name: name, ReleaseOnCancel: true,
		LeaseDuration: m.Timing.LeaseDuration, RenewDeadline: m.Timing.RenewDeadline, RetryPeriod: m.Timing.RetryPeriod,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(ctx context.Context) {
				if life.Err() != nil {
					return
				}
				working := make(chan struct{})
				running.Go(func() { defer close(working); m.Work(ctx, kind) })
				<-working
			},
			OnStoppedLeading: func() {},
		},
	}, nil
}
