package controllerruntime_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kindred-k8s/kindred/pkg/fence"
)

// calls is a Reconciler that notes what it is called for. It fails the test when a
// kind is reconciled in two terms at once.
type calls struct {
	t     *testing.T
	mu    sync.Mutex
	names []string
	// under counts the reconciles that are under way, by the token of their term.
	under map[string]int
	// react is what a reconcile does after it has been noted; nil for nothing. Set
	// before the manager is started.
	react func(ctx context.Context, name string) (reconcile.Result, error)
}

func (c *calls) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	token, ok := fence.Token(ctx)
	if !ok {
		c.t.Error("the context of Reconcile carries no term")
	}
	c.mu.Lock()
	c.names = append(c.names, request.Name)
	if c.under == nil {
		c.under = map[string]int{}
	}
	c.under[token]++
	if len(c.under) > 1 {
		c.t.Errorf("reconciles of several terms at once: %v", c.under)
	}
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.under[token]--; c.under[token] == 0 {
			delete(c.under, token)
		}
	}()
	if c.react == nil {
		return reconcile.Result{}, nil
	}
	return c.react(ctx, request.Name)
}

// want compares what was reconciled since the last look, sorted, after all has
// settled: sources look every 100 ms whether their informer has told them all.
func (c *calls) want(want ...string) {
	c.t.Helper()
	time.Sleep(1300 * time.Millisecond)
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	got := c.names
	c.names = nil
	slices.Sort(got)
	if !slices.Equal(got, want) {
		c.t.Errorf("reconciled %v, want %v", got, want)
	}
}

// setup returns a Setup with one controller that reconciles ConfigMaps.
func (c *calls) setup(mgr manager.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).For(&corev1.ConfigMap{}).Complete(c)
}
