// Package coordinator runs the reconcilers of the kinds that a replica owns.
//
// Each kind has its own Lease and its own client-go LeaderElector. One goroutine
// owns the state machine of package elect, gives it what happens, and does what
// it says: start a campaign, start a reconciler, stop it, wait until it has
// returned, release. Run returns only when everything that it started has
// returned.
//
// What a user may rely on:
//
//   - a kind's Lease is released only after its reconciler has returned;
//   - a reconciler's context is cancelled as soon as its term is over, and if it
//     has not returned by the time another replica may take over, the process
//     ends (Options.Stuck);
//   - a reconciler's context carries its term's right to write: a client guarded by
//     package fence refuses its writes once the term is over, and cancels those
//     under way;
//   - losing one kind leaves the others alone, and this replica takes part in the
//     lost kind's next election;
//   - balance never costs availability: a kind without an owner is taken at once.
package coordinator
