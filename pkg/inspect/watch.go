package inspect

import (
	"context"
	"io"
	"time"

	"github.com/go-logr/logr"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/tools/cache"
)

// settle is how long Watch gathers changes before it makes a Snapshot of them,
// and refresh how often it makes one when nothing has come, because time alone
// makes a Lease stale. Neither costs a request.
const (
	settle  = 50 * time.Millisecond
	refresh = time.Second
)

// Handler is told what Watch sees. Its functions are called one at a time, from
// the goroutine that called Watch, and any of them may be nil.
type Handler struct {
	// Snapshot gets the state after each change that the Leases have made, and
	// otherwise once a second.
	Snapshot func(*Snapshot)
	// Change gets each change of owner, before the Snapshot that shows it.
	Change func(Change)
	// Trouble gets errors of the API server; the watch is opened again by itself.
	Trouble func(error)
}

// Watch tells the handler of the Leases until ctx is done, and then returns nil.
// It returns an error when the Leases cannot be read to begin with. It opens one
// watch and does not poll.
func Watch(ctx context.Context, client coordinationclient.LeasesGetter, query Query, handler Handler) error {
	ctx, cancel := context.WithCancel(ctx)
	feed := &feed{ctx: ctx, items: make(chan item)}
	done := make(chan struct{})
	defer func() {
		cancel()
		<-done
	}()
	quiet := logr.Discard()
	reflector := cache.NewReflectorWithOptions(feed.source(client, query), &coordinationv1.Lease{}, feed,
		cache.ReflectorOptions{Logger: &quiet, Name: "inspect"})
	go func() {
		defer close(done)
		reflector.RunWithContext(ctx)
	}()

	w := watcher{handler: handler, tracker: newTracker(), leases: map[leaseKey]*coordinationv1.Lease{}}
	timer := time.NewTimer(refresh)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case item := <-feed.items:
			if item.err != nil && !w.synced {
				return item.err
			}
			if w.take(item) {
				timer.Reset(settle)
			}
		case <-timer.C:
			w.snapshot(time.Now())
			timer.Reset(refresh)
		}
	}
}

// watcher is what Watch knows. It belongs to Watch's goroutine.
type watcher struct {
	handler Handler
	tracker *tracker
	leases  map[leaseKey]*coordinationv1.Lease
	synced  bool
	// pending: something came since the last Snapshot.
	pending bool
}

// take works one item in. It says whether it is the first since the last
// Snapshot, so that a steady stream does not put the next one off for ever.
func (w *watcher) take(item item) bool {
	if item.err != nil {
		if w.handler.Trouble != nil {
			w.handler.Trouble(item.err)
		}
		return false
	}
	if item.replace {
		present := map[leaseKey]bool{}
		for _, l := range item.leases {
			present[leaseKey{l.Namespace, l.Name}] = true
			w.update(l, false, item.at)
		}
		for key, l := range w.leases {
			if !present[key] {
				w.update(l, true, item.at)
			}
		}
		w.synced = true
	} else {
		for _, l := range item.leases {
			w.update(l, item.deleted, item.at)
		}
	}
	first := !w.pending
	w.pending = true
	return first
}

func (w *watcher) update(l *coordinationv1.Lease, deleted bool, at time.Time) {
	key := leaseKey{l.Namespace, l.Name}
	if deleted {
		delete(w.leases, key)
	} else {
		w.leases[key] = l
	}
	change, changed := w.tracker.observe(l, deleted, !w.synced, at)
	if changed && w.handler.Change != nil {
		w.handler.Change(change)
	}
}

func (w *watcher) snapshot(now time.Time) {
	w.pending = false
	if !w.synced || w.handler.Snapshot == nil {
		return
	}
	leases := make([]coordinationv1.Lease, 0, len(w.leases))
	for _, l := range w.leases {
		leases = append(leases, *l)
	}
	w.handler.Snapshot(Build(leases, now))
}

// item is one thing that the reflector has to tell.
type item struct {
	leases           []*coordinationv1.Lease
	deleted, replace bool
	err              error
	at               time.Time
}

// feed is the store that the reflector fills: it hands on instead of storing, so
// that no version is skipped.
type feed struct {
	ctx   context.Context
	items chan item
}

func (f *feed) send(item item) {
	item.at = time.Now()
	select {
	case f.items <- item:
	case <-f.ctx.Done():
	}
}

func (f *feed) one(object any, deleted bool) error {
	if l, ok := object.(*coordinationv1.Lease); ok {
		f.send(item{leases: []*coordinationv1.Lease{l}, deleted: deleted})
	}
	return nil
}

// Add, Update, Delete, Replace and Resync make feed a cache.ReflectorStore.
func (f *feed) Add(object any) error    { return f.one(object, false) }
func (f *feed) Update(object any) error { return f.one(object, false) }
func (f *feed) Delete(object any) error { return f.one(object, true) }
func (f *feed) Resync() error           { return nil }
func (f *feed) Replace(objects []any, _ string) error {
	all := item{replace: true}
	for _, object := range objects {
		if l, ok := object.(*coordinationv1.Lease); ok {
			all.leases = append(all.leases, l)
		}
	}
	f.send(all)
	return nil
}

// source lists and watches what the query asks for, and tells the errors.
func (f *feed) source(client coordinationclient.LeasesGetter, query Query) cache.ListerWatcher {
	tell := func(verb string, err error) {
		if err != nil && f.ctx.Err() == nil && err != io.EOF {
			f.send(item{err: query.explain(verb, err)})
		}
	}
	return cache.ToListWatcherWithWatchListSemantics(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			options.LabelSelector = query.Selector()
			list, err := client.Leases(query.Namespace).List(ctx, options)
			tell("list", err)
			return list, err
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			options.LabelSelector = query.Selector()
			stream, err := client.Leases(query.Namespace).Watch(ctx, options)
			tell("watch", err)
			return stream, err
		},
	}, client)
}
