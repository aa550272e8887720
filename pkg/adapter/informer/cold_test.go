package informer_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/kindred-k8s/kindred/pkg/adapter/informer"
)

// newCold returns a harness whose Runner makes a new informer for each Standby, and
// those that it has made.
func newCold(t *testing.T) (*harness, *[]cache.SharedIndexInformer) {
	var h *harness
	made := &[]cache.SharedIndexInformer{}
	h = newHarness(t, func(o *informer.Options) {
		o.Informer = nil
		o.NewInformer = func() cache.SharedIndexInformer {
			one := cache.NewSharedIndexInformer(h.source, &corev1.ConfigMap{}, 0, nil)
			if err := one.SetWatchErrorHandlerWithContext(func(context.Context, *cache.Reflector, error) {}); err != nil {
				t.Error(err)
			}
			*made = append(*made, one)
			return one
		}
	})
	return h, made
}

// Terms of a cold standby: each has an informer of its own, which knows what was
// changed while nobody watched, and leaves no cache behind.
func TestColdStandbyHasAnInformerForEachTerm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, made := newCold(t)
		h.source.Add(configMap("a"))
		if h.runner.Indexer() != nil {
			t.Error("there is a cache before the first term")
		}
		for n, want := range [][]call{{{"a", 1}}, {{"a", 2}, {"b", 2}}, {{"b", 3}}} {
			n++
			run := h.begin(n) // it comes first, and waits for the informer
			if got := h.took(); len(got) != 0 {
				t.Errorf("term %d reconciled %v before there was a cache", n, got)
			}
			standby := h.standby()
			h.want(want...)
			if _, found, _ := h.runner.Indexer().GetByKey("ns/" + want[0].name); !found {
				t.Errorf("term %d does not find %s in Indexer", n, want[0].name)
			}
			run.stop()
			standby.stop()
			if h.runner.Indexer() != nil {
				t.Errorf("a cache is left after term %d", n)
			}
			switch n {
			case 1:
				h.source.Add(configMap("b"))
			case 2:
				h.source.Delete(configMap("a"))
			}
		}
		if len(*made) != 3 {
			t.Errorf("%d informers were made for three terms", len(*made))
		}
		for i, one := range *made {
			if !one.IsStopped() {
				t.Errorf("informer %d still runs", i)
			}
		}
	})
}

// A term that ends before the standby has begun does not wait for it.
func TestColdTermWithoutAStandbyEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _ := newCold(t)
		h.begin(1).stop()
		h.want()
	})
}

// With NewInformer a warm standby too can begin again.
func TestStandbyBeginsAgainWithNewInformer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _ := newCold(t)
		h.source.Add(configMap("a"))
		h.standby().stop()
		standby := h.standby()
		run := h.begin(1)
		h.want(call{"a", 1})
		run.stop()
		standby.stop()
	})
}

func TestInformerAndNewInformerAreRefused(t *testing.T) {
	one := cache.NewSharedIndexInformer(source{}, &corev1.ConfigMap{}, 0, nil)
	_, err := informer.New(informer.Options{Name: "x", Informer: one, NewInformer: func() cache.SharedIndexInformer { return one }})
	if err == nil || !strings.Contains(err.Error(), "are both given") {
		t.Errorf("New returned %v", err)
	}
}
