package fence

import (
	"sync"
	"time"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// Fence is the right to write during one term. It is safe for concurrent use.
type Fence struct {
	term lease.Term

	mu sync.Mutex
	// until is the local monotonic time from which nothing may be written.
	until time.Time
	// limit is what until cannot be extended beyond; zero for no limit.
	// Invariant: until is not after it.
	limit       time.Time
	limitReason string
	// over is set once and for good, with reason.
	over   bool
	reason string

	// told is called, without mu, for each write that is refused or cancelled; nil for
	// nobody.
	told func(*DeposedError)

	// flights is the list of the writes under way. Invariant: empty when over.
	flights *flight
	// timer calls expire. It is set when a write begins and none is set, and not
	// moved when until moves: expire sets it anew. An idle term has no timer.
	timer *time.Timer
	armed bool
}

// New returns the right to write until a local time that carries a monotonic
// clock reading.
func New(term lease.Term, until time.Time) *Fence {
	return &Fence{term: term, until: until}
}

// Tell makes the fence call told for each write that is not sent, or is cancelled,
// because the right is over. It must be called before anybody writes. told is called
// from the goroutine that tries to write, or that ends the right, and must not block.
func (f *Fence) Tell(told func(*DeposedError)) { f.told = told }

// tell tells of one write.
func (f *Fence) tell(e *DeposedError) {
	if f.told != nil {
		f.told(e)
	}
}

// Term returns the term.
func (f *Fence) Term() lease.Term { return f.term }

// Extend makes the right last until a later time. An earlier one changes nothing,
// and neither does any once the right is over, whether or not anyone has noticed.
func (f *Fence) Extend(until time.Time) {
	f.change(func(time.Time) {
		if !f.limit.IsZero() && until.After(f.limit) {
			until = f.limit
		}
		if until.After(f.until) {
			f.until = until
		}
	})
}

// Limit makes the right end no later than until, for a reason; no Extend goes
// beyond. When until has come it ends now, and writes under way are cancelled
// before Limit returns.
func (f *Fence) Limit(until time.Time, reason string) {
	f.change(func(now time.Time) { f.limitTo(until, reason, now) })
}

// End ends the right now. Writes under way are cancelled before End returns. Only
// the first reason counts.
func (f *Fence) End(reason string) {
	f.change(func(now time.Time) { f.limitTo(now, reason, now) })
}

func (f *Fence) limitTo(until time.Time, reason string, now time.Time) {
	if !f.limit.IsZero() && !until.Before(f.limit) {
		return
	}
	f.limit, f.limitReason = until, reason
	if until.Before(f.until) {
		f.until = until
		f.rearm(now)
	}
}

// Err returns nil while the right lasts, and then a *DeposedError.
func (f *Fence) Err() error {
	f.change(func(time.Time) {})
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		return f.deposed("", "", false)
	}
	return nil
}

// change makes a change to a right that lasts. It ends the right when its time has
// come, before the change or by it.
func (f *Fence) change(do func(now time.Time)) {
	f.mu.Lock()
	now := time.Now()
	if !f.lapsed(now) {
		do(now)
	}
	var cut *flight
	if f.lapsed(now) {
		cut = f.end()
	}
	f.mu.Unlock()
	cut.cancelAll()
}

// lapsed says whether the right is over or its time has come.
func (f *Fence) lapsed(now time.Time) bool { return f.over || !now.Before(f.until) }

// end ends the right and returns the writes that are to be cancelled.
func (f *Fence) end() *flight {
	if f.over {
		return nil
	}
	f.over, f.reason = true, Expired
	if !f.limit.IsZero() && !f.until.Before(f.limit) {
		f.reason = f.limitReason
	}
	if f.timer != nil {
		f.timer.Stop()
	}
	cut := f.flights
	f.flights = nil
	return cut
}

// arm sees to it that expire is called for a write that begins now.
func (f *Fence) arm(now time.Time) {
	switch {
	case f.armed:
		return
	case f.timer == nil:
		f.timer = time.AfterFunc(f.until.Sub(now), f.expire)
	default:
		f.timer.Reset(f.until.Sub(now))
	}
	f.armed = true
}

// rearm moves the timer, if there is one, to an earlier until.
func (f *Fence) rearm(now time.Time) {
	if f.armed {
		f.timer.Reset(f.until.Sub(now))
	}
}

// expire is called by the timer.
func (f *Fence) expire() {
	f.change(func(now time.Time) {
		f.armed = false
		if f.flights != nil {
			f.arm(now) // it was extended
		}
	})
}

// deposed returns the error of a right that is over.
func (f *Fence) deposed(method, path string, sent bool) *DeposedError {
	return &DeposedError{Term: f.term, Reason: f.reason, Method: method, Path: path, Sent: sent}
}
