package informer_test

import (
	"testing"
	"testing/synctest"

	"k8s.io/client-go/tools/cache"

	"github.com/kindred-k8s/kindred/pkg/adapter/informer"
)

// counting notes which event handlers an informer has.
type counting struct {
	cache.SharedIndexInformer
	handlers map[cache.ResourceEventHandlerRegistration]bool
}

func (c counting) AddEventHandlerWithOptions(h cache.ResourceEventHandler, o cache.HandlerOptions) (cache.ResourceEventHandlerRegistration, error) {
	handle, err := c.SharedIndexInformer.AddEventHandlerWithOptions(h, o)
	if err == nil {
		c.handlers[handle] = true
	}
	return handle, err
}

func (c counting) RemoveEventHandler(handle cache.ResourceEventHandlerRegistration) error {
	delete(c.handlers, handle)
	return c.SharedIndexInformer.RemoveEventHandler(handle)
}

// A handler left behind would feed every event to a queue that is shut down, one
// more with each term.
func TestHandlerIsRemovedWithTheTerm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handlers := map[cache.ResourceEventHandlerRegistration]bool{}
		h := newHarness(t, func(o *informer.Options) { o.Informer = counting{o.Informer, handlers} })
		h.source.Add(configMap("a"))
		standby := h.standby()
		for n := range 3 {
			run := h.begin(n)
			if len(handlers) != 1 {
				t.Errorf("term %d has %d handlers, want 1", n, len(handlers))
			}
			run.stop()
			if len(handlers) != 0 {
				t.Errorf("%d handlers are left after term %d", len(handlers), n)
			}
		}
		standby.stop()
	})
}
