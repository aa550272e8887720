package kubelease

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-logr/logr"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// watchBackoff is how fast a broken watch is opened again. client-go's own
// backoff grows to 30 s, in which two Leases could expire; this one stays below
// the default retry period.
var watchBackoff = wait.Backoff{Duration: 200 * time.Millisecond, Factor: 2, Jitter: 0.5, Cap: 2 * time.Second, Steps: 5}

// Watch tells sink about every Lease of the component, from the state of now on,
// until ctx is cancelled. It is the only reading that an idle replica does: one
// list and one watch. sink is called from one goroutine, in the order of the API
// server; it must not block.
func (s *Store) Watch(ctx context.Context, sink func(lease.Event)) {
	selector := labels.SelectorFromSet(lease.ComponentLabels(s.options.Component)).String()
	lw := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.LabelSelector = selector
			ctx, cancel := context.WithTimeout(ctx, 2*s.timeout())
			defer cancel()
			list, err := s.client.List(ctx, o)
			s.report("list", err)
			return list, err
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.LabelSelector = selector
			w, err := s.client.Watch(ctx, o)
			s.report("watch", err)
			return w, err
		},
	}
	quiet := logr.Discard() // what fails is reported above, in words that say what to do
	reflector := cache.NewReflectorWithOptions(
		cache.ToListWatcherWithWatchListSemantics(lw, s.client), &coordinationv1.Lease{},
		&feed{store: s, sink: sink, names: map[string]bool{}},
		cache.ReflectorOptions{Name: "kindred-leases", Backoff: &watchBackoff, Logger: &quiet})
	reflector.RunWithContext(logr.NewContext(ctx, quiet))
}

// feed turns the reflector's store operations into events. Only the reflector's
// goroutine uses it.
type feed struct {
	store *Store
	sink  func(lease.Event)
	names map[string]bool // what exists
	// serves is what the last member serves. Replicas of one program serve the same,
	// and there may be a thousand kinds, so that they share one list.
	serves []lease.Served
}

var _ cache.ReflectorStore = (*feed)(nil)

func (f *feed) Add(obj any) error    { return f.seen(obj) }
func (f *feed) Update(obj any) error { return f.seen(obj) }

func (f *feed) seen(obj any) error {
	l, ok := obj.(*coordinationv1.Lease)
	if !ok {
		return fmt.Errorf("the watch over Leases sent a %T", obj)
	}
	f.names[l.Name] = true
	news := (!IsMember(l) || l.Name == f.store.member) && f.store.remember(l)
	if !IsMember(l) {
		record := Record(l)
		if news && record.Holder != f.store.options.Identity {
			f.store.over(l.Name)
		}
		f.sink(lease.Event{Kind: lease.OwnerSeen, Name: l.Name, Version: l.ResourceVersion, Record: record})
		return nil
	}
	member, err := Member(l)
	if err == nil {
		err = f.store.whose(member)
	}
	f.store.report("lease "+l.Name, err)
	if err == nil {
		if slices.Equal(member.Serves, f.serves) {
			member.Serves = f.serves
		}
		f.serves = member.Serves
		f.sink(lease.Event{Kind: lease.MemberSeen, Name: l.Name, Version: l.ResourceVersion, Member: member})
	}
	return nil
}

func (f *feed) Delete(obj any) error {
	l, ok := obj.(*coordinationv1.Lease)
	if !ok {
		return fmt.Errorf("the watch over Leases sent a %T", obj)
	}
	f.gone(l.Name, l.ResourceVersion, false)
	return nil
}

func (f *feed) gone(name, version string, listed bool) {
	delete(f.names, name)
	f.store.over(name) // what was wrong with it is gone too
	f.store.forget(name, version)
	f.sink(lease.Event{Kind: lease.Gone, Name: name, Version: version, Listed: listed})
}

// Replace tells the difference to what was known: a list, or the beginning of a
// watch, replaces everything.
func (f *feed) Replace(objs []any, version string) error {
	missing := f.names
	f.names = map[string]bool{}
	var errs []error
	for _, obj := range objs {
		if l, ok := obj.(*coordinationv1.Lease); ok {
			delete(missing, l.Name)
		}
		errs = append(errs, f.seen(obj))
	}
	for name := range missing {
		f.gone(name, version, true)
	}
	f.sink(lease.Event{Kind: lease.Synced, Version: version})
	return errors.Join(errs...)
}

// Resync does nothing: nothing here depends on being told twice.
func (f *feed) Resync() error { return nil }
