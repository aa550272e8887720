package lease

import (
	"time"

	"k8s.io/apimachinery/pkg/util/resourceversion"
)

// Record is what one version of an ownership Lease says.
type Record struct {
	// UID and Version (the resourceVersion) identify the object and this state
	// of it.
	UID, Version string
	// Holder is the holderIdentity; empty when the Lease has been released.
	Holder string
	// Duration is leaseDurationSeconds. It may be zero or negative in a Lease
	// that was written by hand; Judge copes.
	Duration time.Duration
	// Transitions is leaseTransitions. With UID it is the token of a term.
	Transitions int
	// Moves is how often the shard was moved lately (AnnotationMoves).
	Moves int
	// MoveTo is the Pod or the identity that somebody has chosen as the owner
	// (AnnotationMoveTo), Paused says that somebody wants the owner to stay
	// (AnnotationPaused).
	MoveTo string
	Paused bool
	// Split says that this is the Lease of a whole kind that was split into buckets at
	// some time (AnnotationSplit).
	Split bool
	// Acquired and Renewed are the holder's own clock and only for display.
	Acquired, Renewed time.Time
}

// Observation is a Record with the local time at which this process first saw
// that Version. Nil means that the Lease does not exist.
type Observation struct {
	Record
	// Since is a local monotonic time. It does not move when the same Version is
	// seen again, for instance after a watch was opened anew.
	Since time.Time
	// Advised is the version in which Moves, MoveTo and Paused were read. It is behind
	// Version after a write of this process's own whose answer said only that it
	// succeeded. Such a write keeps the annotations, also those that it has not seen.
	Advised string
}

// State is what a Lease means for somebody who does not hold it.
type State int

const (
	// Vacant: nobody holds it, or it does not exist.
	Vacant State = iota
	// Held: somebody holds it and may still act.
	Held
	// Expired: it names a holder whose right to act is over, as far as local
	// clocks can tell: the same Version was watched for a whole Duration.
	Expired
)

func (s State) String() string {
	switch s {
	case Vacant:
		return "vacant"
	case Held:
		return "held"
	default:
		return "expired"
	}
}

// Judge says what an observed Lease means at the local time now. A Lease with a
// duration of zero or less, which only a hand can have written, is given the
// fallback: the reader's own lease duration.
//
// The rule is client-go's (tools/leaderelection, isLeaseValid): a candidate
// counts from its own first look at a version, by the duration that is stored.
func Judge(seen *Observation, fallback time.Duration, now time.Time) State {
	switch {
	case seen == nil || seen.Holder == "":
		return Vacant
	case now.Before(ExpiresAt(seen, fallback)):
		return Held
	default:
		return Expired
	}
}

// ExpiresAt returns the local time from which Judge says Expired unless a newer
// version is seen. It means nothing for a vacant Lease.
func ExpiresAt(seen *Observation, fallback time.Duration) time.Time {
	duration := seen.Duration
	if duration <= 0 {
		duration = fallback
	}
	return seen.Since.Add(duration)
}

// Newer says whether resourceVersion a is later than b. An empty version is
// older than any. Versions of one resource are ordered integers (KEP-5504);
// one that is not well formed counts as newer, so that it is looked at.
func Newer(a, b string) bool {
	if b == "" {
		return a != ""
	}
	if a == "" {
		return false
	}
	order, err := resourceversion.CompareResourceVersion(a, b)
	return err != nil || order > 0
}
