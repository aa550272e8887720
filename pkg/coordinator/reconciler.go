package coordinator

import (
	"context"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// Reconciler is the work of one kind that only the kind's owner may do.
type Reconciler interface {
	// Run works until ctx is cancelled, then finishes or abandons what is under
	// way and returns. The kind's Lease is released only after Run has returned,
	// so everything that Run started must have ended by then, and the sooner it
	// returns the sooner the next owner starts.
	//
	// ctx carries the term's right to write (package fence), and so does every
	// context derived from it, also by context.WithoutCancel. Writes through a
	// guarded client are refused from the term's safe-until on, at once when the
	// Lease is lost, and after Run has returned.
	//
	// Run is called once per term, never twice at once; but a kind with buckets has a
	// term for each bucket that the replica owns, and Run is called for each, at once. It
	// must then keep to the objects in the term's bucket (package bucket). context.Cause(ctx) says
	// why the term ended. Run returns nil after ctx was cancelled; when it returns
	// earlier, with or without an error, the replica gives the kind up, and takes
	// part in its election again after a pause that grows with each failure.
	Run(ctx context.Context, term lease.Term) error
}

// StandbyReconciler is a Reconciler with something to keep warm on replicas that
// do not own the kind, typically informers.
type StandbyReconciler interface {
	Reconciler
	// Standby is called once, before the first election of the kind, on every
	// replica, however many buckets the kind has. It works until ctx is cancelled, which happens when the coordinator
	// stops, after Run has returned. It must not write. When it returns earlier it
	// is called again after a pause; until then the replica does not take part in
	// the kind's election.
	//
	// With Kind.Standby Cold it is called once per term instead, beside Run.
	Standby(ctx context.Context) error
}

// StandbyPolicy is when the Standby of a StandbyReconciler runs.
type StandbyPolicy int

const (
	// Warm runs it on every replica all the time, so that a replica that is elected
	// can reconcile at once.
	Warm StandbyPolicy = iota
	// Cold runs it on the owner only, which saves the others its memory and its watch.
	// It starts when the Lease has been won, together with Run, which waits for what it
	// needs of it; it is told to stop when Run has returned, and the Lease is released
	// only after both have. When it returns earlier, Run's context is cancelled and the
	// replica gives the kind up, as when Run fails. It is called anew for each term, and
	// an informer of client-go cannot be started twice: make one for each call.
	Cold
)

// ReconcilerFunc makes a Reconciler of a function.
type ReconcilerFunc func(ctx context.Context, term lease.Term) error

// Run calls f.
func (f ReconcilerFunc) Run(ctx context.Context, term lease.Term) error { return f(ctx, term) }

// Kind registers a reconciler.
type Kind struct {
	// GroupKind is what is elected. Each may be registered once.
	GroupKind schema.GroupKind
	// Reconciler does the work.
	Reconciler Reconciler
	// Weight is how much work the kind is, relative to the others. Each of its buckets
	// weighs its share, rounded up. Default 1.
	Weight int64
	// Buckets splits the kind's objects into that many parts, each with a Lease of its
	// own and an owner, so that several replicas share the kind. The Reconciler must keep
	// to its term's bucket; the informer adapter does. At most lease.MaxBuckets, and not
	// together with Group or Options.Admitted. All replicas should give a kind the same
	// number; while some give another one, as in a rollout that changes it, the kind is
	// owned in one way only (docs/buckets.md). Default 0, which as 1 is no split.
	Buckets int
	// Group keeps kinds together: those of one group have one owner, and move as one.
	// All replicas must give a kind the same group. Default: none.
	Group string
	// Standby is whether replicas that do not own the kind run the Standby of its
	// StandbyReconciler. Default: Warm. Cold needs a StandbyReconciler.
	Standby StandbyPolicy
	// Timing is the timing of this kind's Lease. A kind that may wait longer for its
	// next owner costs the API server fewer renewals. Default: Options.Timing.
	Timing lease.Timing
	// LeaseName is the name of the kind's Lease, for programs that share it with other
	// electors, such as Knative's. All replicas must give the same: two names are two
	// elections, and change only when no replica runs. Default:
	// <component>.<kind>.<group>.
	LeaseName string
}
