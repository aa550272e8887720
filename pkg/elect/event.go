package elect

import (
	"time"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// Event is something that happened. Step takes one at a time.
type Event interface{ event() }

type (
	// Watched is what the shared watch over the component's Leases told.
	Watched struct{ lease.Event }

	// Serves says whether this replica can run the shard's reconciler now: its
	// kind exists and its standby, if any, is running.
	Serves struct {
		Shard lease.Shard
		OK    bool
	}

	// Published: the write asked for by Publish has been answered.
	Published struct {
		Phase lease.Phase
		OK    bool
	}

	// Acquired: the elector's write made this replica the holder. SentAt is the
	// local time just before the write was sent.
	Acquired struct {
		Term    lease.Term
		Version string
		SentAt  time.Time
		// Split says that the Lease which was taken is marked as that of a kind that was
		// split at some time.
		Split bool
	}

	// Renewed: a renewal sent at SentAt succeeded.
	Renewed struct {
		Shard   lease.Shard
		Version string
		SentAt  time.Time
	}

	// LockLost: a read by the elector showed that the term is over.
	LockLost struct {
		Shard  lease.Shard
		Reason Reason
	}

	// ElectorEnded: the LeaderElector's Run has returned, whatever the cause.
	// Unanswered says that it did not win, as far as it knows, and that the answer to
	// a write with which it would have is missing: the Lease may name this replica,
	// or may soon.
	ElectorEnded struct {
		Shard      lease.Shard
		Unanswered bool
	}

	// Returned: the reconciler has returned. Everything it started has ended.
	Returned struct{ Shard lease.Shard }

	// Released: the release has been answered. On success Now is what the Lease
	// says after it; nil when it does not exist any more.
	Released struct {
		Shard lease.Shard
		OK    bool
		Now   *lease.Record
	}

	// Checked: all ownership Leases of the kind, by name, have been read for this term.
	Checked struct {
		Shard  lease.Shard
		Term   lease.Term
		Number int
		OK     bool
		Leases map[string]lease.Record
	}

	// PodSeen: what is known of a Pod has changed.
	PodSeen struct{ lease.Pod }

	// Load: how long the shard's reconciler was busy, all its workers together, in the
	// time since the last such event.
	Load struct {
		Shard      lease.Shard
		Busy, Over time.Duration
	}

	// Tick: the time that Next named has come.
	Tick struct{}

	// Shutdown: this replica is to leave. It can be given more than once.
	Shutdown struct {
		// Now: it must not work any longer, so reconcilers do not wait until the others
		// know that it leaves.
		Now bool
	}
)

func (Watched) event()      {}
func (Serves) event()       {}
func (Published) event()    {}
func (Acquired) event()     {}
func (Renewed) event()      {}
func (LockLost) event()     {}
func (ElectorEnded) event() {}
func (Returned) event()     {}
func (Released) event()     {}
func (Checked) event()      {}
func (PodSeen) event()      {}
func (Load) event()         {}
func (Tick) event()         {}
func (Shutdown) event()     {}
