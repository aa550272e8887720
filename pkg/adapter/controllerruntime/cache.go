package controllerruntime

import (
	"context"
	"errors"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// errTermOver is what a source is told that asks for events after its term.
var errTermOver = errors.New("the term is over: no event handler is added")

// termCache is the manager's cache as one term sees it. It knows the event handlers
// that the term adds: controller-runtime's sources never remove theirs.
type termCache struct {
	cache.Cache
	gate gate

	mu       sync.Mutex
	handlers []registration // guarded by mu
}

type registration struct {
	informer cache.Informer
	handle   toolscache.ResourceEventHandlerRegistration
}

func newTermCache(c cache.Cache) *termCache { return &termCache{Cache: c} }

// end waits for the handlers that run now, and removes all. None runs afterwards,
// and none can be added.
func (c *termCache) end() error {
	c.gate.shut()
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for _, r := range c.handlers {
		errs = append(errs, r.informer.RemoveEventHandler(r.handle))
	}
	c.handlers = nil
	return errors.Join(errs...)
}

func (c *termCache) GetInformer(ctx context.Context, object client.Object, options ...cache.InformerGetOption) (cache.Informer, error) {
	informer, err := c.Cache.GetInformer(ctx, object, options...)
	if err != nil {
		return nil, err
	}
	return termInformer{informer, c}, nil
}

func (c *termCache) GetInformerForKind(ctx context.Context, gvk schema.GroupVersionKind, options ...cache.InformerGetOption) (cache.Informer, error) {
	informer, err := c.Cache.GetInformerForKind(ctx, gvk, options...)
	if err != nil {
		return nil, err
	}
	return termInformer{informer, c}, nil
}

// IndexField does nothing: the first call of Setup has made the index.
func (c *termCache) IndexField(context.Context, client.Object, string, client.IndexerFunc) error {
	return nil
}

// termInformer is an informer of the manager as one term sees it.
type termInformer struct {
	cache.Informer
	cache *termCache
}

func (i termInformer) AddEventHandler(handler toolscache.ResourceEventHandler) (toolscache.ResourceEventHandlerRegistration, error) {
	return i.add(func() (toolscache.ResourceEventHandlerRegistration, error) {
		return i.Informer.AddEventHandler(gated{handler, &i.cache.gate})
	})
}

func (i termInformer) AddEventHandlerWithResyncPeriod(handler toolscache.ResourceEventHandler, resync time.Duration) (toolscache.ResourceEventHandlerRegistration, error) {
	return i.add(func() (toolscache.ResourceEventHandlerRegistration, error) {
		return i.Informer.AddEventHandlerWithResyncPeriod(gated{handler, &i.cache.gate}, resync)
	})
}

func (i termInformer) AddEventHandlerWithOptions(handler toolscache.ResourceEventHandler, options toolscache.HandlerOptions) (toolscache.ResourceEventHandlerRegistration, error) {
	return i.add(func() (toolscache.ResourceEventHandlerRegistration, error) {
		return i.Informer.AddEventHandlerWithOptions(gated{handler, &i.cache.gate}, options)
	})
}

// add adds a handler and notes it, unless the term is over: a source adds its own
// from a goroutine that nobody joins.
func (i termInformer) add(add func() (toolscache.ResourceEventHandlerRegistration, error)) (toolscache.ResourceEventHandlerRegistration, error) {
	handle, err := toolscache.ResourceEventHandlerRegistration(nil), errTermOver
	i.cache.gate.pass(func() {
		if handle, err = add(); err != nil {
			return
		}
		i.cache.mu.Lock()
		defer i.cache.mu.Unlock()
		i.cache.handlers = append(i.cache.handlers, registration{i.Informer, handle})
	})
	return handle, err
}

// AddIndexers does nothing: the first call of Setup has made the indexes.
func (i termInformer) AddIndexers(toolscache.Indexers) error { return nil }
