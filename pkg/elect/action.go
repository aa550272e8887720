package elect

import (
	"time"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// Action is something that the caller must do. The answer, where there is one,
// comes back as the event named with it.
type Action interface{ action() }

type (
	// StartCampaign: run a LeaderElector for the shard until StopElector. Answers:
	// Acquired at most once, then Renewed any number of times and LockLost at most
	// once, then ElectorEnded exactly once and last.
	StartCampaign struct {
		Shard lease.Shard
		// Seen is the state of the Lease that makes it free to take; nil when it does
		// not exist. Expired says that Seen names a holder whose time has run out:
		// only while the Lease is still at Seen.Version may it be taken as vacant.
		Seen    *lease.Record
		Expired bool
		Reason  Reason
	}

	// StopElector: make the shard's elector end, without touching the Lease.
	StopElector struct{ Shard lease.Shard }

	// StartReconciler: run the reconciler for this term. Answer: Returned.
	StartReconciler struct{ Term lease.Term }

	// Fence: from Until on, the reconciler must write nothing under this term,
	// whatever renewals still succeed. It comes when the Lease is not ours any more
	// (Until is the time of the step), or when somebody shortened its duration.
	//
	// Without it the reconciler may write until Timing.SafeUntil of the last renewal
	// or until it returns, also while it drains.
	Fence struct {
		Term   lease.Term
		Until  time.Time
		Reason Reason
	}

	// StopReconciler: cancel the reconciler's context. To is the replica that the
	// plan gives the shard to, when that is the reason.
	StopReconciler struct {
		Term   lease.Term
		Reason Reason
		To     string
	}

	// Release: write an empty holder, if the Lease still is in this term, and Moves,
	// how often the shard was moved lately. Answer: Released.
	Release struct {
		Term   lease.Term
		Reason Reason
		Moves  int
	}

	// Check: make sure that the Lease of the whole kind is marked as that of a kind that
	// is split, if the term is of a bucket, and then read all ownership Leases of the
	// kind, as they are at some time after this. Answer: Checked, with the same Number.
	Check struct {
		Term lease.Term
		// Number tells this Check of the term from others.
		Number int
	}

	// Evict: free a Lease whose holder's time has run out, if it still is at this
	// version. No answer.
	Evict struct{ Lease, UID, Version string }

	// Publish: write the member Lease. Answer: Published. At most one is under way.
	Publish struct{ Member lease.Member }

	// Collect: delete a member Lease whose replica has long been gone, if it still
	// is at this version. No answer.
	Collect struct{ Lease, UID, Version string }

	// Stuck: the reconciler has not returned although it had to. Carry out the
	// policy that the user chose.
	Stuck struct {
		Term   lease.Term
		Reason Reason
	}

	// Finish: after Shutdown, nothing is running any more. No action follows.
	// Abandoned lists the shards whose reconcilers are stuck and still run.
	Finish struct{ Abandoned []lease.Shard }
)

func (StartCampaign) action()   {}
func (StopElector) action()     {}
func (StartReconciler) action() {}
func (Fence) action()           {}
func (StopReconciler) action()  {}
func (Release) action()         {}
func (Check) action()           {}
func (Evict) action()           {}
func (Publish) action()         {}
func (Collect) action()         {}
func (Stuck) action()           {}
func (Finish) action()          {}
