package elect

// Reason says why the core decided something. Logs, Events, tests and the
// command line use the same words.
type Reason string

// Why a campaign starts.
const (
	// Planned: the plan gives the vacant shard to this replica.
	Planned Reason = "planned owner of a vacant shard"
	// GraceOver: the planned replica has not taken it in time; anyone may.
	GraceOver Reason = "nobody took the vacant shard within the grace period"
)

// Why a term ends.
const (
	// Moved: the plan gives the shard to another replica.
	Moved Reason = "moved to balance the split"
	// ByHand: somebody has chosen another replica.
	ByHand Reason = "moved by hand"
	// Leaving: this replica is shutting down.
	Leaving Reason = "the replica is leaving"
	// NotServed: this replica can no longer run the kind.
	NotServed Reason = "the kind is not available to this replica"
	// ReconcilerEnded: Run returned although its term went on.
	ReconcilerEnded Reason = "the reconciler returned before its term was over"
	// RenewFailed: no renewal has succeeded for RenewDeadline.
	RenewFailed Reason = "the Lease could not be renewed in time"
	// SafeUntilPassed: the last renewal is so old that others may take over.
	SafeUntilPassed Reason = "the last renewal is too old to act under"
	// HolderChanged: the Lease names somebody else, or nobody.
	HolderChanged Reason = "the Lease has another holder"
	// LeaseDeleted: the Lease is gone, or is another object of the same name.
	LeaseDeleted Reason = "the Lease was deleted"
	// LayoutChanged: more replicas serve the kind in another layout.
	LayoutChanged Reason = "the kind is to be split in another way"
	// OtherLayout: somebody holds a Lease of the kind in another layout.
	OtherLayout Reason = "the kind has an owner under another layout"
	// LeaseEdited: somebody shortened the duration in the Lease.
	LeaseEdited Reason = "the Lease's duration was edited by hand"
)

// Why a right to write ends, besides the reasons why a term does.
const (
	// HasReturned: the reconciler has returned, and what it left behind may not
	// write.
	HasReturned Reason = "the reconciler has returned"
)

// Why a reconciler is stuck.
const (
	// StuckSafeUntil: its term is over by the clock.
	StuckSafeUntil Reason = "the reconciler still runs and another replica may own the shard"
	// StuckDraining: it had DrainTimeout to return.
	StuckDraining Reason = "the reconciler did not return within the drain timeout"
)

// Why a Lease is released.
const (
	// Drained: the reconciler has returned.
	Drained Reason = "drained"
	// LeftOver: the Lease names this replica, which has no term: the answer to an
	// earlier write was lost.
	LeftOver Reason = "left over from an earlier write"
)
