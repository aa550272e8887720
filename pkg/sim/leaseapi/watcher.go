package leaseapi

import (
	"context"
	"strconv"
	"sync"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/watch"
)

// watcher is one open watch. It holds what its reader has not taken yet, so that
// the API never waits for a reader.
type watcher struct {
	ctx       context.Context
	stop      context.CancelFunc
	namespace string
	selector  labels.Selector
	results   chan watch.Event

	mu      sync.Mutex
	waiting []watch.Event
	signal  chan struct{}
}

func newWatcher(ctx context.Context, namespace string, selector labels.Selector) *watcher {
	ctx, stop := context.WithCancel(ctx)
	return &watcher{
		ctx: ctx, stop: stop, namespace: namespace, selector: selector,
		results: make(chan watch.Event), signal: make(chan struct{}, 1),
	}
}

func (w *watcher) ResultChan() <-chan watch.Event { return w.results }
func (w *watcher) Stop()                          { w.stop() }
func (w *watcher) end()                           { w.stop() }

// tell queues a change as this watch sees it: an object that begins or ceases to
// match the selector is added or deleted.
func (w *watcher) tell(c change) {
	matches := func(l *coordinationv1.Lease) bool {
		return l != nil && l.Namespace == w.namespace && w.selector.Matches(labels.Set(l.Labels))
	}
	var event watch.Event
	switch was, is := matches(c.before), matches(c.after); {
	case is && was:
		event = watch.Event{Type: watch.Modified, Object: c.after.DeepCopy()}
	case is:
		event = watch.Event{Type: watch.Added, Object: c.after.DeepCopy()}
	case was:
		gone := c.before.DeepCopy()
		gone.ResourceVersion = strconv.FormatInt(c.version, 10)
		event = watch.Event{Type: watch.Deleted, Object: gone}
	default:
		return
	}
	w.mu.Lock()
	w.waiting = append(w.waiting, event)
	w.mu.Unlock()
	select {
	case w.signal <- struct{}{}:
	default:
	}
}

// pump hands events to the reader until the watch ends.
func (w *watcher) pump() {
	defer close(w.results)
	for {
		w.mu.Lock()
		events := w.waiting
		w.waiting = nil
		w.mu.Unlock()
		for _, e := range events {
			select {
			case w.results <- e:
			case <-w.ctx.Done():
				return
			}
		}
		select {
		case <-w.signal:
		case <-w.ctx.Done():
			return
		}
	}
}
