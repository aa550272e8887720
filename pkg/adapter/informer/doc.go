// Package informer runs a plain client-go controller, an informer and a
// rate-limited work queue, as the reconciler of a kind.
//
// Every replica runs the informer (Standby), so that a replica that is elected
// has a warm cache; with Options.NewInformer and coordinator.Cold it runs on the owner
// only, and a term begins with filling the cache. Only the owner has event handlers, a queue and workers (Run),
// and it makes new ones for each term:
//
//   - a term begins with every object in the cache, because what the owner before
//     left undone is not known;
//   - no reconcile begins once the term's context is cancelled; those under way
//     see the same context and are waited for;
//   - Run returns after the last of them, so that the coordinator releases the
//     Lease when nothing of the term works any more;
//   - retries and their back-off do not survive the term.
//
// An object that is deleted while nobody owns the kind is never seen by Reconcile.
// As with any controller, what must be cleaned up needs a finalizer.
package informer
