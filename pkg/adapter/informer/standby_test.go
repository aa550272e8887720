package informer_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/kindred-k8s/kindred/pkg/adapter/informer"
)

func TestStandbyKeepsTheCacheWarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		standby := h.standby()
		h.source.Add(configMap("a"))
		synctest.Wait()
		if _, found, _ := h.informer.GetStore().GetByKey("ns/a"); !found {
			t.Error("the cache does not follow while nobody owns the kind")
		}
		h.begin(1).stop()
		h.source.Delete(configMap("a"))
		synctest.Wait()
		if _, found, _ := h.informer.GetStore().GetByKey("ns/a"); found {
			t.Error("the cache does not follow after a term")
		}
		standby.stop()
	})
}

func TestInformerThatIsStartedElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		h.source.Add(configMap("a"))
		factory := h.start(func(ctx context.Context) error { h.informer.RunWithContext(ctx); return nil })
		standby := h.standby()
		run := h.begin(1)
		h.want(call{"a", 1})
		run.stop()
		standby.stop()
		if h.informer.IsStopped() {
			t.Error("Standby stopped an informer that it had not started")
		}
		factory.stop()
	})
}

func TestInformerStopsDuringTheTerm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		h.source.Add(configMap("a"))
		standby := h.standby()
		run := h.begin(1)
		h.want(call{"a", 1})
		standby.stop()
		if err := run.ended(); !errors.Is(err, informer.ErrStopped) {
			t.Errorf("Run returned %v, want ErrStopped: its cache is stale", err)
		}
	})
}

func TestStoppedInformerIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		h.standby().stop()
		if err := h.standby().ended(); !errors.Is(err, informer.ErrStopped) {
			t.Errorf("the second Standby returned %v, want ErrStopped", err)
		}
		if err := h.begin(1).ended(); !errors.Is(err, informer.ErrStopped) {
			t.Errorf("Run returned %v, want ErrStopped", err)
		}
		h.want()
	})
}
