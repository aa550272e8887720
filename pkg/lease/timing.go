package lease

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Kubernetes' own defaults (k8s.io/component-base/config/v1alpha1,
// RecommendedDefaultLeaderElectionConfiguration).
const (
	DefaultLeaseDuration = 15 * time.Second
	DefaultRenewDeadline = 10 * time.Second
	DefaultRetryPeriod   = 2 * time.Second
)

// jitterFactor is client-go's leaderelection.JitterFactor: NewLeaderElector
// refuses a renewDeadline that is not greater than retryPeriod times this.
const jitterFactor = 1.2

// maxLeaseDuration is what leaseDurationSeconds can hold.
const maxLeaseDuration = math.MaxInt32 * time.Second

// longestWritten bounds the durations in Leases from which no right follows:
// anybody can write 68 years there.
const longestWritten = 10 * time.Minute

// BoundedWait returns how long to wait for somebody to be heard of again who
// wrote the given duration, or had it written for him, where no right to own
// follows from waiting: for a member, and for a holder whose Lease was deleted.
// It is the duration, but no more than ten minutes, or own if that is longer; for
// a duration of zero or less, it is own.
func BoundedWait(written, own time.Duration) time.Duration {
	if written <= 0 {
		return own
	}
	return min(written, max(own, longestWritten))
}

// Timing is how long a Lease lasts and how often it is renewed. All replicas of
// a component should use the same; different ones are safe, because a candidate
// waits for the duration that the holder wrote. Plain LeaderElectors of client-go
// before v0.27 wait for their own: beside them LeaseDuration must not be longer.
type Timing struct {
	// LeaseDuration is how long others wait, from their own last look at a
	// change, before they take a Lease over. Whole seconds, at least one: the
	// API stores seconds, and a fraction cut off would shorten only the wait.
	// Default 15 s.
	LeaseDuration time.Duration
	// RenewDeadline is how long an owner goes on trying to renew before it gives
	// the term up and drains. Default 10 s.
	RenewDeadline time.Duration
	// RetryPeriod is the time between renewals and between tries. Default 2 s. At
	// least a second where plain LeaderElectors campaign for the same Lease: they take
	// two renewals in one second for one (docs/hazards.md, hazard 5).
	RetryPeriod time.Duration
}

// WithDefaults returns the timing with Kubernetes' defaults for what is zero.
func (t Timing) WithDefaults() Timing {
	if t.LeaseDuration == 0 {
		t.LeaseDuration = DefaultLeaseDuration
	}
	if t.RenewDeadline == 0 {
		t.RenewDeadline = DefaultRenewDeadline
	}
	if t.RetryPeriod == 0 {
		t.RetryPeriod = DefaultRetryPeriod
	}
	return t
}

// Margin is what is taken off LeaseDuration for clocks that run at different
// speeds: a twentieth. Clocks of real machines differ by less than a thousandth.
func (t Timing) Margin() time.Duration { return t.LeaseDuration / 20 }

// SafeUntil returns until when the owner may act after a successful write that
// was sent at the local time sentAt. Nobody else can have taken over before.
func (t Timing) SafeUntil(sentAt time.Time) time.Time {
	return sentAt.Add(t.LeaseDuration - t.Margin())
}

// RequestTimeout bounds one request to the Lease API: half of RenewDeadline, so
// that one request that hangs leaves time for another.
func (t Timing) RequestTimeout() time.Duration { return t.RenewDeadline / 2 }

// Heartbeat is how often a replica renews its member Lease: a third of
// LeaseDuration, so that two in a row may fail.
func (t Timing) Heartbeat() time.Duration { return t.LeaseDuration / 3 }

// Validate returns everything that is wrong with the timing, joined.
func (t Timing) Validate() error {
	var errs []error
	if t.LeaseDuration < time.Second {
		errs = append(errs, fmt.Errorf("leaseDuration is %v: it must be at least 1s", t.LeaseDuration))
	} else if t.LeaseDuration%time.Second != 0 {
		errs = append(errs, fmt.Errorf("leaseDuration is %v: it must be whole seconds, because the Lease API stores seconds and other replicas would wait only %v",
			t.LeaseDuration, t.LeaseDuration.Truncate(time.Second)))
	} else if t.LeaseDuration > maxLeaseDuration {
		errs = append(errs, fmt.Errorf("leaseDuration is %v: it must be at most %v, because the Lease API stores seconds in 32 bits", t.LeaseDuration, maxLeaseDuration))
	}
	if t.RetryPeriod <= 0 {
		errs = append(errs, fmt.Errorf("retryPeriod is %v: it must be greater than zero", t.RetryPeriod))
	}
	// As floats: a retryPeriod of 250 years times 1.2 is no Duration.
	if float64(t.RenewDeadline) <= float64(t.RetryPeriod)*jitterFactor {
		errs = append(errs, fmt.Errorf("renewDeadline is %v: it must be greater than retryPeriod (%v) times %.1f",
			t.RenewDeadline, t.RetryPeriod, jitterFactor))
	}
	if most := t.LeaseDuration - t.Margin(); t.RenewDeadline >= most {
		errs = append(errs, fmt.Errorf("renewDeadline is %v: it must be less than leaseDuration (%v) minus a margin for clock speeds (%v), which is %v",
			t.RenewDeadline, t.LeaseDuration, t.Margin(), most))
	}
	return errors.Join(errs...)
}
