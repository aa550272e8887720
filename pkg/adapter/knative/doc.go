// Package knative shares the kinds of a controller that is built with knative.dev/pkg
// among its replicas.
//
// A controller.Impl stays as it is: its informers, event handlers, queue and workers
// run on every replica, as they do with Knative's own leader election. What changes is
// who promotes its reconciler, which must be a reconciler.LeaderAware (those that
// Knative generates are). NewReconciler makes a coordinator.Reconciler of it:
//
//   - a term begins with Promote, which queues every key of the bucket;
//   - the context of a Reconcile in the term has the values of the context that the
//     Impl made, is cancelled with the term, and carries its right to write (package
//     fence);
//   - a term ends with Demote, and when no key of it is being reconciled any more. Then
//     the Lease is released. Knative's own electors release first;
//   - keys that are not in a term go to the reconciler too, with the Impl's context, so
//     that a reconciler that observes what it does not lead still does.
//
// For programs that are built with sharedmain, Program runs the election: a line for
// each controller in main.go, and the ConfigMap config-leader-election is honoured,
// with the names that it gives to Leases.
//
// The package is a Go module of its own, because knative.dev/pkg brings OpenTelemetry
// and gRPC. docs/knative.md has the way there from a usual main.go, how to come from
// Knative's electors without stopping, and what is not supported.
package knative
