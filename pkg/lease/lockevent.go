package lease

import "time"

// LockEvent is what the lock of a campaign has to tell about its Lease.
type LockEvent struct {
	Kind LockEventKind
	Term Term
	// Version is the resourceVersion that the write made, and SentAt the local
	// time just before it was sent; both for LockAcquired and LockRenewed, and SentAt
	// for LockFailed.
	Version string
	SentAt  time.Time
	// Split, for LockAcquired, says that the Lease which was taken is marked as that of
	// a kind that was split (AnnotationSplit).
	Split bool
	// Err is for LockFailed.
	Err error
}

// LockEventKind tells lock events apart.
type LockEventKind int

const (
	// LockAcquired: a write made this replica the holder. It begins Term.
	LockAcquired LockEventKind = iota
	// LockRenewed: a renewal within Term succeeded.
	LockRenewed
	// LockTaken: a read showed another holder, or none. Term is over.
	LockTaken
	// LockFailed: a renewal within Term, sent at SentAt, has failed with Err. It may have
	// happened all the same, and is tried again. A conflict is not told of.
	LockFailed
	// LockDeleted: a read showed that the Lease, or the one that Term is about, is
	// gone. Term is over; before there was one, the campaign is, and Term has only
	// its shard.
	LockDeleted
)
