package knative

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"knative.dev/pkg/controller"
	"knative.dev/pkg/reconciler"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// Reconciler runs the terms of a kind's controllers. Make it with NewReconciler.
type Reconciler struct{ owned []*owned }

var _ coordinator.Reconciler = (*Reconciler)(nil)

// NewReconciler makes the reconciler of a kind of Impls that have not been run yet, and
// puts itself between each Impl and its reconciler. Run them as usual, on every replica
// and without leader election of Knative's (controller.StartAll with a context that
// comes from none of the functions leaderelection.With...ElectorBuilder), and their
// informers before the Coordinator: a term begins with what the lister has.
//
// The error names each Impl whose reconciler is no reconciler.LeaderAware.
func NewReconciler(impls ...*controller.Impl) (*Reconciler, error) {
	if len(impls) == 0 {
		return nil, errors.New("kindred: no controller: give NewReconciler at least one controller.Impl")
	}
	r := &Reconciler{}
	var errs []error
	for _, impl := range impls {
		o, err := own(impl, nil)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		r.owned = append(r.owned, o)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("kindred: %w", err)
	}
	return r, nil
}

func own(impl *controller.Impl, promoted func()) (*owned, error) {
	if impl == nil {
		return nil, errors.New("a controller is nil: its constructor returned no controller.Impl")
	}
	leader, ok := impl.Reconciler.(reconciler.LeaderAware)
	if !ok {
		return nil, fmt.Errorf("controller %q: its reconciler (%T) is not a reconciler.LeaderAware, so it cannot be told when it leads: embed reconciler.LeaderAwareFuncs in it, and ask IsLeaderFor in Reconcile, as the generated reconcilers do",
			impl.Name, impl.Reconciler)
	}
	o := &owned{
		impl: impl, inner: impl.Reconciler, leader: leader, promoted: promoted,
		passing: map[*pass]struct{}{},
	}
	impl.Reconciler = withWebhook(o)
	return o, nil
}

// Run promotes the controllers, and when ctx is cancelled demotes them. It returns when
// none of them reconciles a key of the term any more; earlier only when a Promote
// fails.
func (r *Reconciler) Run(ctx context.Context, its lease.Term) error {
	bucket := bucketOf(its)
	var begun []*owned
	terms := map[*owned]*term{}
	var err error
	for _, o := range r.owned {
		t := &term{ctx: ctx, bucket: bucket}
		begun, terms[o] = append(begun, o), t
		if err = o.begin(t); err != nil {
			err = fmt.Errorf("promoting controller %q: %w", o.impl.Name, err)
			break
		}
	}
	if err == nil {
		<-ctx.Done()
	}
	for _, o := range slices.Backward(begun) {
		o.demote(terms[o])
	}
	for _, o := range begun {
		terms[o].inFlight.Wait()
	}
	return err
}
