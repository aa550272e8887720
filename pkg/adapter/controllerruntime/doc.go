// Package controllerruntime shares the kinds of a controller-runtime manager among
// its replicas.
//
// The manager is made with NewManager instead of ctrl.NewManager, without leader
// election of its own. Each kind's controllers are built as usual, by a function
// such as kubebuilder's SetupWithManager, and given to Own:
//
//   - every replica runs what needs no election, from the start: webhooks, health
//     checks, metrics, runnables whose NeedLeaderElection is false, and the
//     informers of the kinds;
//   - the owner of a kind runs its controllers. controller-runtime cannot start a
//     controller twice, so Own calls Setup again for each term, and the term has
//     controllers, work queues, rate limiters and event handlers of its own;
//   - a term ends when every reconcile has returned, no event handler of the term
//     runs any more, and all of them are gone from the informers. Then the Lease is
//     released;
//   - the context of Reconcile derives from the term's, and so carries its right to
//     write (package fence).
//
// What needs an election belongs to a kind. A runnable that does and is added to
// the manager itself is refused: without an election, every replica would run it.
//
// The package is a Go module of its own, so that nobody else gets the dependencies
// of controller-runtime. docs/controller-runtime.md has the way there from a usual
// main.go, and what is not supported.
package controllerruntime
