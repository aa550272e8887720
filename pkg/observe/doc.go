// Package observe tells what happens to a replica: Hooks is a struct of functions
// that the coordinator calls (coordinator.Options.Observer), and each takes one of
// the types of this package. Tee gives several observers one place.
//
// # The hooks' contract
//
// Hooks are called one after another, from the goroutine that called the
// coordinator's Run, so they need no locks among themselves. The elections wait for
// them: a hook must not block, and hands what takes longer to a goroutine of its own.
// Stuck is the one exception; its comment says when. Hooks must not call the
// coordinator's Run. A hook that is nil is passed over; a coordinator without any
// spends nothing on them.
//
// What one term has to tell comes in this order:
//
//	CampaignStarted  CampaignEnded  Elected  ReconcilerStarted
//	Renewed, RenewalFailed, Fenced (any number, in between)
//	DrainStarted  ReconcilerReturned  Released or Lost
//
// Each Elected is followed by one Released or Lost, unless the process ends before
// or the reconciler is stuck to the end. What is in between may be missing: there is
// no ReconcilerStarted when the term was over before, and no DrainStarted when the
// reconciler returned by itself.
//
// Times are durations that this replica has measured by its own clock. What it tells
// about other replicas (Vacant, Taken) is what its own watch over the Leases saw, and
// another replica may have seen it some milliseconds earlier or later.
package observe
