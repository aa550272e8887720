// Package storetest is what a Lease API must do for Kindred, as tests. It is run
// against the in-memory API of the simulations and against a real API server, so
// that what is proved on the one holds on the other.
package storetest

import (
	"context"
	"maps"
	"sync"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	coordinationv1client "k8s.io/client-go/kubernetes/typed/coordination/v1"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/kubelease"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// Timing is short, because a real API server runs in real time.
var Timing = lease.Timing{LeaseDuration: 2 * time.Second, RenewDeadline: 1500 * time.Millisecond, RetryPeriod: 300 * time.Millisecond}

var (
	shard     = lease.ShardOf(schema.GroupKind{Group: "example.com", Kind: "Widget"})
	leaseName = "storetest.widget.example.com"
)

// Run runs the suite. open returns a client and a namespace that has no Leases in
// it yet; it is called for each test.
func Run(t *testing.T, open func(t *testing.T) (coordinationv1client.LeasesGetter, string)) {
	tests := map[string]func(*env){
		"watch":             testWatch,
		"acquire, release":  testAcquireRelease,
		"conflict":          testConflict,
		"deletion":          testDeletion,
		"member":            testMember,
		"identity in use":   testIdentityInUse,
		"collect":           testCollect,
		"labels":            testLabels,
		"release not ours":  testReleaseNotOurs,
		"versions, ordered": testVersions,
		"last transition":   testLastTransition,
	}
	maps.Copy(tests, layoutTests)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			client, namespace := open(t)
			test(&env{T: t, client: client, namespace: namespace})
		})
	}
}

type env struct {
	*testing.T
	client    coordinationv1client.LeasesGetter
	namespace string
}

func (e *env) leases() coordinationv1client.LeaseInterface { return e.client.Leases(e.namespace) }

// store returns the Store of one replica.
func (e *env) store(identity string) coordinator.Store {
	return kubelease.NewStore(e.client, kubelease.Options{
		Component: "storetest", Namespace: e.namespace, Identity: identity, Timing: Timing,
	})
}

func (e *env) must(err error) {
	e.Helper()
	if err != nil {
		e.Fatal(err)
	}
}

// watched is a watch that keeps what it was told.
type watched struct {
	mu     sync.Mutex
	events []lease.Event
}

func (e *env) watch(store coordinator.Store) *watched {
	w := &watched{}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		store.Watch(ctx, func(event lease.Event) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.events = append(w.events, event)
		})
	}()
	e.Cleanup(func() {
		cancel()
		<-done
	})
	return w
}

// await waits until the watch has told an event that is wanted, and returns it.
func (e *env) await(w *watched, what string, want func(lease.Event) bool) lease.Event {
	e.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		w.mu.Lock()
		for _, event := range w.events {
			if want(event) {
				w.mu.Unlock()
				return event
			}
		}
		w.mu.Unlock()
		time.Sleep(5 * time.Millisecond)
	}
	e.Fatalf("the watch did not tell: %s; it told %+v", what, w.events)
	return lease.Event{}
}

// won takes the Lease as an elector does, and returns what the lock told.
func (e *env) won(store coordinator.Store, seen *lease.Record, expired bool) lease.LockEvent {
	e.Helper()
	var told lease.LockEvent
	lock, closeLock, err := store.Lock(shard, lease.Timing{}.WithDefaults(), seen, expired, func(event lease.LockEvent) { told = event })
	e.must(err)
	defer closeLock()
	record, _, err := lock.Get(e.Context())
	if apierrors.IsNotFound(err) {
		e.must(lock.Create(e.Context(), leaderRecord(lock.Identity(), 0)))
	} else {
		e.must(err)
		e.must(lock.Update(e.Context(), leaderRecord(lock.Identity(), record.LeaderTransitions+1)))
	}
	if told.Kind != lease.LockAcquired || told.Version == "" || told.SentAt.IsZero() {
		e.Fatalf("the lock told %+v", told)
	}
	return told
}

func (e *env) get(name string) *coordinationv1.Lease {
	e.Helper()
	l, err := e.leases().Get(e.Context(), name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	e.must(err)
	return l
}

func (e *env) record() lease.Record {
	e.Helper()
	l := e.get(leaseName)
	if l == nil {
		e.Fatal("the Lease does not exist")
	}
	return kubelease.Record(l)
}

func (e *env) label(name string, labels string) {
	e.Helper()
	_, err := e.leases().Patch(e.Context(), name, types.MergePatchType, []byte(`{"metadata":{"labels":`+labels+`}}`), metav1.PatchOptions{})
	e.must(err)
}
