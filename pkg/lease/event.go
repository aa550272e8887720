package lease

// Event is one thing that the watch over a component's Leases has to tell.
// Exactly one of the fields after Version is meaningful, by Kind.
type Event struct {
	Kind EventKind
	// Name is the Lease's name; empty for Synced.
	Name string
	// Version is the resourceVersion of the event: of the object, of its
	// deletion, or of the list from which it was missing.
	Version string
	// Listed, for Gone: the deletion was noticed by a list after a gap in the watch,
	// so the Lease may have been renewed since it was last seen.
	Listed bool
	// Record is set for OwnerSeen, Member for MemberSeen. Since in Member is left
	// zero: the reader of the event sets it.
	Record Record
	Member MemberObservation
}

// EventKind tells events apart.
type EventKind int

const (
	// OwnerSeen: an ownership Lease was created or changed.
	OwnerSeen EventKind = iota
	// MemberSeen: a member Lease was created or changed.
	MemberSeen
	// Gone: a Lease was deleted, or no longer has the component's label.
	Gone
	// Synced: everything that existed when the watch was opened has been told.
	Synced
)
