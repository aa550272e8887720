package e2e

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiruntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// informer counts the event handlers of all informers.
type informer struct {
	toolscache.SharedIndexInformer
	handlers *atomic.Int64
}

func (i informer) AddEventHandlerWithOptions(handler toolscache.ResourceEventHandler, options toolscache.HandlerOptions) (toolscache.ResourceEventHandlerRegistration, error) {
	i.handlers.Add(1)
	return i.SharedIndexInformer.AddEventHandlerWithOptions(handler, options)
}

func (i informer) RemoveEventHandler(handle toolscache.ResourceEventHandlerRegistration) error {
	i.handlers.Add(-1)
	return i.SharedIndexInformer.RemoveEventHandler(handle)
}

// TestFiftyTerms: a replica loses its kind fifty times, each time because somebody
// deletes the Lease, and wins it again. Every term reconciles every object, from one
// list, and leaves neither handlers nor goroutines.
func TestFiftyTerms(t *testing.T) {
	const terms = 50
	f := newFleet(t)
	var handlers atomic.Int64
	r := f.newReplica("one", func(_ *rest.Config, o *manager.Options) {
		o.Cache.NewInformer = func(lw toolscache.ListerWatcher, example apiruntime.Object, resync time.Duration, indexers toolscache.Indexers) toolscache.SharedIndexInformer {
			return informer{toolscache.NewSharedIndexInformer(lw, example, resync, indexers), &handlers}
		}
	})
	r.own([]schema.GroupKind{database}).start()
	name, err := lease.ShardOf(database).Name("op")
	if err != nil {
		t.Fatal(err)
	}
	since := time.Time{}
	settled := func() {
		t.Helper()
		<-r.Elected(database)
		within(t, settleTimeout, "every object is reconciled", func() error { return f.all("one", database, since, "one", database) })
		within(t, settleTimeout, "a term has two handlers", func() error {
			if n := handlers.Load(); n != 2 {
				return fmt.Errorf("there are %d", n)
			}
			return nil
		})
	}
	settled()
	lists := r.counts()
	early := 0
	began := time.Now()
	for n := range terms {
		term, owned := r.Term(database)
		if !owned {
			t.Fatalf("term %d is over before its Lease was deleted", n)
		}
		since = time.Now()
		if err := plane.client.CoordinationV1().Leases(f.namespace).Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		within(t, settleTimeout, "there is a new term", func() error {
			if next, owned := r.Term(database); !owned || next == term {
				return fmt.Errorf("there is not: owned %v, %s", owned, next.Token())
			}
			return nil
		})
		settled()
		if n == terms/5 {
			early = runtime.NumGoroutine()
		}
	}
	took := time.Since(began)
	late := runtime.NumGoroutine()
	for name, n := range r.counts() {
		if name != "leases" && n != lists[name] {
			t.Errorf("%s was listed %d times, want %d", name, n, lists[name])
		}
	}
	// Connections and requests come and go; forty terms with one each would not hide.
	if late > early+15 {
		t.Errorf("there were %d goroutines after term %d, and are %d after term %d", early, terms/5+1, late, terms)
	}
	r.stop()
	if n := handlers.Load(); n != 0 {
		t.Errorf("%d handlers are left at the end", n)
	}
	t.Logf("%d terms in %v; goroutines: %d after term %d, %d after term %d", terms, took.Round(time.Millisecond), early, terms/5+1, late, terms)
}
