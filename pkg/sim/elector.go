package sim

import (
	"time"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// election is client-go's LeaderElectionRecord. It is comparable, so it is its
// own raw form too. The time of the last renewal is in whole seconds, as in its
// JSON; that of the acquisition in microseconds, as in the Lease.
type election struct {
	holder            string
	duration          time.Duration
	acquired, renewed int64
	transitions       int
}

func electionOf(o *object) election {
	return election{o.holder, o.duration, o.acquired, o.renewed, o.transitions}
}

// locker is resourcelock.Interface with answers instead of returns.
type locker interface {
	identity() string
	get(limit time.Duration, answer func(election, code))
	create(limit time.Duration, r election, answer func(code))
	update(limit time.Duration, r election, answer func(code))
}

// elector is client-go's LeaderElector, v0.37, without ReleaseOnCancel. The names
// of the methods are those of leaderelection.go.
type elector struct {
	p      *process
	s      stream
	lock   locker
	timing lease.Timing
	// leading is called when it is won, ended when Run returns; once each.
	leading, ended func()

	observed     election
	observedRaw  *election
	observedTime time.Time

	stopped, over bool
	deadline      time.Time // of the renewal loop; zero while acquiring
	call          *call     // the request under way
	pending       *timer    // the wait under way
}

func (e *elector) start() { e.p.after(e.p.w.upTo(100*time.Microsecond), e.s, e.acquire) }

// stop cancels the context of Run: the request under way ends for this process,
// and every wait. It is called from another goroutine.
func (e *elector) stop() {
	if e.stopped {
		return
	}
	e.stopped = true
	e.p.after(e.p.w.upTo(200*time.Microsecond), e.s, func() {
		switch {
		case e.over:
		case e.call != nil && !e.call.done:
			e.call.settle(nil, cancelled)
		case e.pending != nil && !e.pending.stopped:
			e.pending.stop()
			e.end()
		}
	})
}

func (e *elector) end() {
	if !e.over {
		e.over = true
		e.ended()
	}
}

func (e *elector) wait(d time.Duration, then func()) {
	var t *timer
	t = e.p.after(d, e.s, func() {
		t.stop()
		then()
	})
	e.pending = t
}

// acquire: wait.JitterUntil, sliding.
func (e *elector) acquire() {
	if e.stopped {
		e.end()
		return
	}
	e.tryAcquireOrRenew(func(won bool) {
		switch {
		case won:
			if e.leading != nil {
				e.leading()
			}
			e.renew()
		case e.stopped:
			e.end()
		default:
			jitter := e.p.w.upTo(e.timing.RetryPeriod * 12 / 10)
			e.wait(e.timing.RetryPeriod+jitter, e.acquire)
		}
	})
}

// renew: wait.Until around wait.PollUntilContextTimeout.
func (e *elector) renew() {
	if e.stopped {
		e.end()
		return
	}
	e.deadline = e.p.local().Add(e.timing.RenewDeadline)
	e.poll()
}

func (e *elector) poll() {
	next := e.p.local().Add(e.timing.RetryPeriod)
	e.tryAcquireOrRenew(func(renewed bool) {
		now := e.p.local()
		switch {
		case e.stopped:
			e.end()
		case renewed:
			e.wait(e.timing.RetryPeriod, e.renew)
		case !now.Before(e.deadline):
			e.end()
		case !next.Before(e.deadline):
			e.wait(e.deadline.Sub(now), e.end)
		default:
			e.wait(max(next.Sub(now), 0), e.poll)
		}
	})
}

// limit is how long a request may take.
func (e *elector) limit() time.Duration {
	limit := e.timing.RequestTimeout()
	if !e.deadline.IsZero() {
		limit = min(limit, max(e.deadline.Sub(e.p.local()), 0))
	}
	return limit
}

func (e *elector) isLeader() bool { return e.observed.holder == e.lock.identity() }

func (e *elector) isLeaseValid(now time.Time) bool {
	return e.observedTime.Add(e.observed.duration).After(now)
}

func (e *elector) setObservedRecord(r election) {
	e.observed, e.observedTime = r, e.p.local()
}

func (e *elector) tryAcquireOrRenew(answer func(bool)) {
	now := e.p.local()
	r := election{holder: e.lock.identity(), duration: e.timing.LeaseDuration, acquired: now.UnixMicro(), renewed: now.Unix()}
	if !e.isLeader() || !e.isLeaseValid(now) {
		e.slowPath(now, r, answer)
		return
	}
	fast := r
	fast.acquired, fast.transitions = e.observed.acquired, e.observed.transitions
	e.lock.update(e.limit(), fast, func(result code) {
		if result == ok {
			e.setObservedRecord(fast)
			answer(true)
			return
		}
		e.slowPath(now, r, answer)
	})
}

func (e *elector) slowPath(now time.Time, r election, answer func(bool)) {
	e.lock.get(e.limit(), func(old election, result code) {
		switch {
		case result == notFound:
			e.lock.create(e.limit(), r, func(result code) {
				if result == ok {
					e.setObservedRecord(r)
				}
				answer(result == ok)
			})
			return
		case result != ok:
			answer(false)
			return
		}
		if e.observedRaw == nil || *e.observedRaw != old {
			e.setObservedRecord(old)
			e.observedRaw = &old
		}
		if old.holder != "" && e.isLeaseValid(now) && !e.isLeader() {
			answer(false)
			return
		}
		r.transitions = old.transitions + 1
		if e.isLeader() {
			r.acquired, r.transitions = old.acquired, old.transitions
		} else if e.p.w.breaks.reuseToken {
			r.transitions = old.transitions
		}
		e.lock.update(e.limit(), r, func(result code) {
			if result == ok {
				e.setObservedRecord(r)
			}
			answer(result == ok)
		})
	})
}
