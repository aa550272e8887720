package observe

import (
	"time"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// Reason is one of package elect's reasons.
type Reason struct {
	// Name is the name of its constant, such as Moved: one word, one of a fixed list.
	Name string
	// Text is the sentence that logs have.
	Text string
}

func (r Reason) String() string { return r.Text }

// Vacancy says how a shard came to have no owner.
type Vacancy string

const (
	// ByRelease: its owner has freed the Lease.
	ByRelease Vacancy = "Released"
	// ByExpiry: its owner was not heard of for the duration of the Lease, or is known to
	// run no more.
	ByExpiry Vacancy = "Expired"
	// ByDeletion: somebody has deleted the Lease.
	ByDeletion Vacancy = "Deleted"
	// Unseen: this replica has not seen that it had an owner before.
	Unseen Vacancy = "Unknown"
)

type (
	// CampaignStarted: see Hooks.
	CampaignStarted struct {
		Shard lease.Shard
		// Reason is why it is this replica's to take.
		Reason Reason
	}

	// CampaignEnded: see Hooks.
	CampaignEnded struct {
		Shard lease.Shard
		// Won: Elected follows. Otherwise somebody else was faster, or it was called off.
		Won  bool
		Took time.Duration
	}

	// Elected: see Hooks.
	Elected struct {
		Term   lease.Term
		Reason Reason // of the campaign
		// After says how the shard came to have no owner and Without for how long it had
		// none, from when this replica saw the release or the deletion, or from the last
		// sign of life of an owner whose Lease expired. Without is zero when After is
		// Unseen.
		After   Vacancy
		Without time.Duration
		// SafeUntil is until when the replica may act if no renewal succeeds.
		SafeUntil time.Time
	}

	// ReconcilerStarted: see Hooks.
	ReconcilerStarted struct {
		Term lease.Term
		// After and Without are those of Elected, and TakeOver is Without and the time
		// from the election until the reconciler was started. TakeOver is zero when After
		// is Unseen.
		After    Vacancy
		TakeOver time.Duration
	}

	// DrainStarted: see Hooks.
	DrainStarted struct {
		Term   lease.Term
		Reason Reason
		// To is the identity of the replica that the plan gives the shard to; empty when
		// that is nobody or not known.
		To string
	}

	// ReconcilerReturned: see Hooks.
	ReconcilerReturned struct {
		Term lease.Term
		// Drain is the time from DrainStarted. Early says that there was none: the
		// reconciler returned by itself, with Err, which may be nil.
		Drain time.Duration
		Early bool
		Err   error
	}

	// Released: see Hooks.
	Released struct {
		Term   lease.Term
		Reason Reason // why the term has ended
		To     string // as in DrainStarted
		Took   time.Duration
		// Held is how long the term has lasted, from Elected.
		Held time.Duration
	}

	// Lost: see Hooks. The Lease has another holder or is gone, or freeing it has failed.
	Lost struct {
		Term   lease.Term
		Reason Reason
		Held   time.Duration
	}

	// Stuck: see Hooks.
	Stuck struct {
		Term   lease.Term
		Reason Reason
		// ExitAt is when the process ends itself; zero when the policy is that it goes
		// on. In a process that ends, the hook is called from a goroutine of its own and
		// may block until then; the process ends as soon as the hooks have returned, and
		// does not wait for them at all when another replica may own the shard already.
		ExitAt time.Time
	}

	// Renewed: see Hooks.
	Renewed struct {
		Term lease.Term
		// Took is the time from just before the request to its answer.
		Took time.Duration
		// Margin is how long the replica might still have acted had it failed, and
		// SafeUntil until when it may act now.
		Margin    time.Duration
		SafeUntil time.Time
	}

	// RenewalFailed: see Hooks. It is tried again within the renew deadline.
	RenewalFailed struct {
		Term lease.Term
		Err  error
		Took time.Duration
	}

	// Fenced: see Hooks. Writes that come close together are told at once.
	Fenced struct {
		Term   lease.Term
		Reason Reason
		// Refused writes were not sent. Cancelled ones had been, and may have been
		// carried out.
		Refused, Cancelled int
		// Method and Path are the last one's.
		Method, Path string
	}
)
