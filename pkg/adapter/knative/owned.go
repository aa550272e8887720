package knative

import (
	"context"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
	"knative.dev/pkg/controller"
	"knative.dev/pkg/reconciler"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
)

// owned stands in an Impl's place for its reconciler. It knows which keys are being
// reconciled, and in which term.
type owned struct {
	impl   *controller.Impl
	inner  controller.Reconciler
	leader reconciler.LeaderAware // inner too

	// promoted is called when Knative promotes the Impl; nil for nothing.
	promoted func()

	mu    sync.Mutex
	terms []*term
	// passing are the reconciles that began while their key was in no term.
	passing map[*pass]struct{}
}

// term is a term of one bucket, for one Impl.
type term struct {
	ctx    context.Context
	bucket reconciler.Bucket
	// inFlight counts the reconciles of this term. Invariant: it does not grow once the
	// term is not among owned.terms.
	inFlight sync.WaitGroup
	promoted bool
}

// pass is one reconcile outside of any term.
type pass struct {
	key  types.NamespacedName
	done chan struct{}
}

var (
	_ controller.Reconciler  = (*owned)(nil)
	_ reconciler.LeaderAware = (*owned)(nil)
)

// Reconcile passes the key on, in its term if it is in one.
func (o *owned) Reconcile(ctx context.Context, key string) error {
	namespace, name, err := cache.SplitMetaNamespaceKey(key)
	if err != nil {
		return o.inner.Reconcile(ctx, key) // which knows what to say about it
	}
	t, leave := o.enter(types.NamespacedName{Namespace: namespace, Name: name})
	defer leave()
	if t == nil {
		return o.inner.Reconcile(ctx, key)
	}
	began := time.Now()
	err = o.inner.Reconcile(inTerm{t.ctx, ctx}, key)
	coordinator.Busy(t.ctx, time.Since(began))
	if err != nil && t.ctx.Err() != nil {
		// The next term begins with every key, this one too.
		return controller.NewSkipKey(key)
	}
	return err
}

// enter counts a reconcile of the key in its term, which is nil if it is in none.
func (o *owned) enter(key types.NamespacedName) (*term, func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, t := range o.terms {
		if t.bucket.Has(key) {
			t.inFlight.Add(1)
			return t, t.inFlight.Done
		}
	}
	p := &pass{key: key, done: make(chan struct{})}
	o.passing[p] = struct{}{}
	return nil, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.passing, p)
		close(p.done)
	}
}

// begin promotes the reconciler. A reconcile that began before, in no term, must not
// find that it leads: it would not be waited for. So it is waited for first.
func (o *owned) begin(t *term) error {
	o.mu.Lock()
	o.terms = append(o.terms, t)
	var before []*pass
	for p := range o.passing {
		if t.bucket.Has(p.key) {
			before = append(before, p)
		}
	}
	o.mu.Unlock()
	for _, p := range before {
		select {
		case <-p.done:
		case <-t.ctx.Done():
			return nil
		}
	}
	t.promoted = true
	return o.leader.Promote(t.bucket, o.impl.MaybeEnqueueBucketKey)
}

// demote ends the term for all reconciles that begin from now on; those under way are
// counted until the end.
func (o *owned) demote(t *term) {
	// In this order: a reconcile that leads is in the term.
	if t.promoted {
		o.leader.Demote(t.bucket)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.terms = slices.DeleteFunc(o.terms, func(other *term) bool { return other == t })
}

// Promote is called by Knative: when an Impl is run without leader election it leads at
// once. Here that means that it has started, and is not passed on.
func (o *owned) Promote(reconciler.Bucket, func(reconciler.Bucket, types.NamespacedName)) error {
	if o.promoted != nil {
		o.promoted()
	}
	return nil
}

// Demote does nothing: see Promote.
func (o *owned) Demote(reconciler.Bucket) {}

// inTerm is the context of a reconcile: the term's, with the values that the Impl gave,
// such as the logger of the key.
type inTerm struct {
	context.Context
	values context.Context
}

func (c inTerm) Value(key any) any {
	if value := c.values.Value(key); value != nil {
		return value
	}
	return c.Context.Value(key)
}
