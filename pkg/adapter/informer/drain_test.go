package informer_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/client-go/tools/cache"

	"github.com/kindred-k8s/kindred/pkg/adapter/informer"
)

func TestWorkUnderWayEndsBeforeRunReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const workers = 2
		h := newHarness(t, func(o *informer.Options) { o.Workers = workers })
		var under atomic.Int32
		h.react = func(ctx context.Context, _ cache.ObjectName) error {
			under.Add(1)
			defer under.Add(-1)
			<-ctx.Done()                // the end of the term reaches the work,
			time.Sleep(3 * time.Second) // which takes a while to clean up
			return ctx.Err()
		}
		for _, name := range []string{"a", "b", "c", "d"} {
			h.source.Add(configMap(name))
		}
		standby := h.standby()
		run := h.begin(1)
		if n := len(h.took()); n != workers {
			t.Errorf("%d objects are being reconciled, want one for each of %d workers", n, workers)
		}

		run.cancel()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		select {
		case <-run.done:
			t.Fatal("Run returned while work was under way")
		default:
		}
		if n := under.Load(); n != workers {
			t.Errorf("%d reconciles are under way, want %d", n, workers)
		}
		time.Sleep(2 * time.Second)
		if err := run.ended(); err != nil {
			t.Errorf("Run returned %v", err)
		}
		if n := under.Load(); n != 0 {
			t.Errorf("%d reconciles are under way after Run has returned", n)
		}
		// What was still queued, and what failed because the term ended, is left.
		time.Sleep(time.Hour)
		h.want()
		standby.stop()
	})
}

func TestKeyIsNeverReconciledTwiceAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, func(o *informer.Options) { o.Workers = 4 })
		var under, most atomic.Int32
		h.react = func(context.Context, cache.ObjectName) error {
			most.Store(max(most.Load(), under.Add(1)))
			defer under.Add(-1)
			time.Sleep(time.Second)
			return nil
		}
		h.source.Add(configMap("a"))
		standby := h.standby()
		run := h.begin(1)
		for range 3 {
			h.source.Modify(configMap("a"))
			synctest.Wait()
		}
		time.Sleep(10 * time.Second)
		h.want(call{"a", 1}, call{"a", 1}) // changes during the first collapse into one
		if most.Load() != 1 {
			t.Errorf("%d reconciles of one object at once", most.Load())
		}
		run.stop()
		standby.stop()
	})
}
