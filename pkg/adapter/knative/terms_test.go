package knative

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
	"knative.dev/pkg/logging"
	"knative.dev/pkg/reconciler"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/fence"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

// One replica is promoted and reconciles every key. When it stops, the key in flight is
// finished before the Lease is released, no other key is begun, and the next owner
// reconciles every key.
func TestHandover(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		leases := leaseapi.New()
		var slow atomic.Bool
		finish := make(chan struct{})
		first := newWork(t, "one")
		first.led = func(context.Context, string) error {
			if slow.Load() {
				<-finish
			}
			return nil
		}
		one := start(t, leases, first)
		time.Sleep(time.Second)
		two := start(t, leases, newWork(t, "two"))
		time.Sleep(20 * time.Second)
		if got := one.reconciled(); !slices.Equal(got, objects) {
			t.Errorf("the owner has reconciled %v, want %v", got, objects)
		}
		if got := two.reconciled(); len(got) > 0 {
			t.Errorf("the standby has reconciled %v", got)
		}

		one.forget()
		slow.Store(true)
		one.impl.EnqueueKey(types.NamespacedName{Namespace: "ns", Name: "a"})
		synctest.Wait()
		one.leave()
		time.Sleep(5 * time.Second)
		if got := holder(t, leases); !strings.HasPrefix(got, "one_") {
			t.Errorf("a key is in flight, and the Lease is held by %q", got)
		}
		if got := two.reconciled(); len(got) > 0 {
			t.Errorf("a key is in flight, and the other one has reconciled %v", got)
		}
		one.impl.EnqueueKey(types.NamespacedName{Namespace: "ns", Name: "b"})
		close(finish)
		if err := <-one.left; err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second)
		if got := one.reconciled(); !slices.Equal(got, keys("a")) {
			t.Errorf("on its way out the first owner has reconciled %v, want the key that was in flight", got)
		}
		if got := two.reconciled(); !slices.Equal(got, objects) {
			t.Errorf("the next owner has reconciled %v, want %v", got, objects)
		}
	})
}

// The context of a reconcile is the Impl's with the term's end and right to write.
func TestContextOfReconcile(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWork(t, "one")
		contexts := make(chan context.Context, 10)
		w.led = func(ctx context.Context, key string) error {
			contexts <- ctx
			if key != "ns/a" {
				return nil
			}
			<-ctx.Done()
			return ctx.Err()
		}
		var observed []error
		w.observed = func(ctx context.Context, key string) error {
			observed = append(observed, fence.Check(ctx))
			return nil
		}
		r := start(t, leaseapi.New(), w)
		time.Sleep(5 * time.Second)
		ctx := <-contexts
		if logging.FromContext(ctx) == logging.FromContext(context.Background()) {
			t.Error("the Impl's logger is lost")
		}
		term, _ := r.c.Term(fooKind)
		if token, ok := fence.Token(ctx); !ok || token != term.Token() {
			t.Errorf("it carries the token %q, want %q", token, term.Token())
		}
		if err := fence.Check(ctx); err != nil {
			t.Errorf("in the term: %v", err)
		}
		r.leave()
		if err := <-r.left; err != nil {
			t.Error(err)
		}
		var over *coordinator.TermOverError
		if !errors.As(context.Cause(ctx), &over) || over.Term != term {
			t.Errorf("the cause is %v", context.Cause(ctx))
		}
		if err := fence.Check(ctx); err == nil {
			t.Error("after the term it may still write")
		}
		if n := r.impl.WorkQueue().NumRequeues(types.NamespacedName{Namespace: "ns", Name: "a"}); n != 0 {
			t.Errorf("the key that was abandoned is tried again: %d", n)
		}
		r.impl.EnqueueKey(types.NamespacedName{Namespace: "ns", Name: "b"})
		synctest.Wait()
		if len(observed) != 1 || !errors.Is(observed[0], fence.ErrNoTerm) {
			t.Errorf("outside of a term reconciles are %v", observed)
		}
	})
}

// A reconcile that began before the term must not find that it leads: the term's end
// would not wait for it.
func TestPromotionWaitsForReconcilesUnderWay(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWork(t, "one")
		observe := make(chan struct{})
		w.observed = func(context.Context, string) error {
			<-observe
			return nil
		}
		promoted := false
		enqueueAll := w.PromoteFunc
		w.PromoteFunc = func(b reconciler.Bucket, enqueue func(reconciler.Bucket, types.NamespacedName)) error {
			promoted = true
			return enqueueAll(b, enqueue)
		}
		leases := leaseapi.New()
		w.first = &types.NamespacedName{Namespace: "ns", Name: "a"}
		start(t, leases, w)
		time.Sleep(5 * time.Second)
		if got := holder(t, leases); got == "" || promoted {
			t.Errorf("the Lease is held by %q, and promoted is %v while a reconcile of no term is under way", got, promoted)
		}
		close(observe)
		time.Sleep(time.Second)
		if got := w.reconciled(); !promoted || !slices.Equal(got, objects) {
			t.Errorf("promoted is %v, and it has reconciled %v", promoted, got)
		}
	})
}

// Two replicas own a bucket of the kind each, and reconcile the keys of it; a replica
// that gets a second bucket keeps the first.
func TestBucketsOnTwoReplicas(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		leases := leaseapi.New()
		split := func(k *coordinator.Kind) { k.Buckets = 2 }
		one := start(t, leases, newWork(t, "one"), split)
		time.Sleep(20 * time.Second)
		if got := one.reconciled(); !slices.Equal(got, objects) {
			t.Errorf("alone it has reconciled %v, want %v", got, objects)
		}
		two := start(t, leases, newWork(t, "two"), split)
		time.Sleep(20 * time.Second)
		one.forget()
		two.forget()
		all := func() {
			t.Helper()
			for _, key := range objects {
				namespace, name, _ := cache.SplitMetaNamespaceKey(key)
				for _, r := range []*replica{one, two} {
					r.impl.EnqueueKey(types.NamespacedName{Namespace: namespace, Name: name})
				}
			}
			time.Sleep(time.Second)
		}
		all()
		a, b := one.reconciled(), two.reconciled()
		if both := slices.Sorted(slices.Values(append(a, b...))); !slices.Equal(both, objects) || len(a) == 0 || len(b) == 0 {
			t.Errorf("they have reconciled %v and %v, want a share of %v each", a, b, objects)
		}
		for _, r := range []*replica{one, two} {
			terms := r.c.Terms(fooKind)
			if len(terms) != 1 {
				t.Fatalf("%s has the terms %v", r.name, terms)
			}
			for _, key := range r.reconciled() {
				namespace, name, _ := cache.SplitMetaNamespaceKey(key)
				if !bucketOf(terms[0]).Has(types.NamespacedName{Namespace: namespace, Name: name}) {
					t.Errorf("%s has reconciled %s, which is not in %s", r.name, key, terms[0].Lease)
				}
			}
		}
		two.leave()
		if err := <-two.left; err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second)
		one.forget()
		two.forget()
		all()
		if got := one.reconciled(); !slices.Equal(got, objects) || len(two.reconciled()) > 0 {
			t.Errorf("after one has left, they have reconciled %v and %v", got, two.reconciled())
		}
	})
}

// A Promote that fails gives the kind up.
func TestPromoteFails(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWork(t, "one")
		var mended atomic.Bool
		enqueueAll := w.PromoteFunc
		w.PromoteFunc = func(b reconciler.Bucket, enqueue func(reconciler.Bucket, types.NamespacedName)) error {
			if !mended.Load() {
				return errors.New("the lister is broken")
			}
			return enqueueAll(b, enqueue)
		}
		demoted := 0
		w.DemoteFunc = func(reconciler.Bucket) { demoted++ }
		leases := leaseapi.New()
		r := start(t, leases, w)
		synctest.Wait()
		if got := holder(t, leases); got != "" || demoted != 1 {
			t.Errorf("the Lease is held by %q, demoted %d times", got, demoted)
		}
		mended.Store(true)
		time.Sleep(2 * time.Minute)
		if got := r.reconciled(); !slices.Equal(got, objects) {
			t.Errorf("after the failure it has reconciled %v", got)
		}
	})
}
