package oldlock

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	coordinationv1client "k8s.io/client-go/kubernetes/typed/coordination/v1"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// ErrLost is what Hold returns when this replica lost the lock while it worked. Its
// process should end and be started again, as those of controller-runtime are that
// lose theirs.
var ErrLost = errors.New("the old lock is lost")

// ErrTooLong is what Hold returns when Options.Timing lets the lock last longer than
// the old replica does that has it, or had it last. Electors of client-go before v0.27
// wait for as long as they are set to, and not for what is written in the Lease
// (kubernetes/kubernetes#114872), so they would work beside a replica that is cut off.
var ErrTooLong = errors.New("leaseDuration is longer than the old version's")

// Options configure a Lock. All fields are required.
type Options struct {
	// Component is the name that the new replicas share.
	Component string
	// Namespace and Name are those of the old lock's Lease.
	Namespace, Name string
	// Identity tells this process from the others that hold the lock.
	Identity string
	// Timing is how long the lock lasts and how often it is renewed.
	Timing lease.Timing

	// Held is told after each write until when this replica may act.
	Held func(until time.Time)
	// Lost is told that it may not act any more, whatever Held was told last.
	Lost func(reason string)
	// Stuck is called when the right to act is over and the work has not ended.
	Stuck func(error)
	// Problem is told about requests that fail, and with nil when they work again.
	Problem func(operation string, err error)
	// Logger gets a line for each transition.
	Logger logr.Logger
}

// Holder returns the holderIdentity that all new replicas of a component write. No
// elector has such an identity of its own: client-go's and Kindred's begin with a
// host name, which has no colon.
func Holder(component string) string { return "kindred:" + component }

// Lock is the old lock as one new replica sees it. Give it its life with Hold, once.
type Lock struct {
	options Options
	holder  string
	client  coordinationv1client.LeaseInterface

	// What follows belongs to the goroutine of Hold.

	seen    *lease.Observation   // the Lease as it was last read
	term    *lease.Record        // as this replica joined those who hold it; nil before
	others  map[string]heartbeat // who else holds it, by Identity
	waiting string               // the holder that the log says is waited for
}

// New makes no request. client must have no rate limit that the work shares.
func New(client coordinationv1client.LeasesGetter, options Options) *Lock {
	return &Lock{
		options: options, holder: Holder(options.Component),
		client: client.Leases(options.Namespace), others: map[string]heartbeat{},
	}
}

// Hold waits until no old replica has the lock, and runs work while this replica
// holds it. The context of work is cancelled when ctx is, and when the lock is lost;
// Hold then returns ErrLost, with what work returned. It waits for work in any case,
// and gives the lock back after that. When ctx ends before the lock is held, work is
// not called and Hold returns nil; nor is it when Hold returns ErrTooLong.
func (l *Lock) Hold(ctx context.Context, work func(context.Context) error) error {
	sentAt, err := l.acquire(ctx)
	if err != nil || sentAt.IsZero() {
		return err
	}
	l.log().Info("No replica of an older version works from now on", "holder", l.holder)
	// The lock is held until the work has ended, so its requests do not inherit ctx's end.
	life := context.WithoutCancel(ctx)
	working, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := make(chan error, 1)
	go func() {
		err := errors.New("the work ended its goroutine")
		// Deferred, because work may also end by runtime.Goexit.
		defer func() {
			if crash := recover(); crash != nil {
				panic(crash) // what else the work has started runs on: nothing is released
			}
			done <- err
		}()
		err = work(working)
	}()

	for {
		select {
		case err := <-done:
			l.leave(life)
			return err
		case <-time.After(min(l.options.Timing.RetryPeriod, time.Until(l.renewBy(sentAt)))):
		}
		renewed, err := l.renew(life, l.renewBy(sentAt))
		if errors.Is(err, ErrLost) {
			cancel(err)
			return l.end(err, sentAt, done)
		}
		if err == nil {
			sentAt = renewed
		}
	}
}

// acquire tries until this replica holds the lock, and returns when the write was
// sent; zero when ctx ended before. The error is ErrTooLong.
func (l *Lock) acquire(ctx context.Context) (time.Time, error) {
	for {
		sentAt, err := l.try(ctx)
		if errors.Is(err, ErrTooLong) {
			return time.Time{}, err
		}
		if ctx.Err() != nil && err != nil {
			return time.Time{}, nil
		}
		l.report(err)
		if err == nil && !sentAt.IsZero() {
			if time.Now().Before(l.renewBy(sentAt)) {
				l.options.Held(l.options.Timing.SafeUntil(sentAt))
				return sentAt, nil
			}
			// The process stood still before it heard the answer.
			l.term = nil
			continue
		}
		select {
		case <-ctx.Done():
			return time.Time{}, nil
		case <-time.After(l.options.Timing.RetryPeriod):
		}
	}
}

// renew writes the Lease anew. It fails with ErrLost when it is somebody else's, and
// when renewBy has come: the rest of the time is for the work to end in.
func (l *Lock) renew(ctx context.Context, renewBy time.Time) (sentAt time.Time, err error) {
	if time.Now().Before(renewBy) { // it may be long past, if the process stood still
		request, cancel := context.WithDeadline(ctx, renewBy)
		defer cancel()
		if sentAt, err = l.try(request); err == nil {
			l.options.Held(l.options.Timing.SafeUntil(sentAt))
		}
		if errors.Is(err, ErrLost) {
			l.options.Lost(err.Error())
			return time.Time{}, err
		}
		l.report(err)
	}
	if !sentAt.IsZero() || time.Now().Before(renewBy) {
		return sentAt, err
	}
	return time.Time{}, fmt.Errorf("%w: Lease %s could not be renewed for %v", ErrLost, l.name(), l.options.Timing.RenewDeadline)
}

// end waits for the work of a replica that has lost the lock, whose last write was
// sent at sentAt.
func (l *Lock) end(lost error, sentAt time.Time, done <-chan error) error {
	l.log().Error(lost, "The work has to end")
	select {
	case err := <-done:
		return errors.Join(lost, err)
	case <-time.After(time.Until(l.options.Timing.SafeUntil(sentAt))):
	}
	l.options.Lost(lost.Error())
	l.options.Stuck(lost)
	return errors.Join(lost, <-done)
}

// renewBy is when a replica gives up that has written at sentAt and not since.
func (l *Lock) renewBy(sentAt time.Time) time.Time {
	return sentAt.Add(l.options.Timing.RenewDeadline)
}

func (l *Lock) name() string { return l.options.Namespace + "/" + l.options.Name }

func (l *Lock) log() logr.Logger { return l.options.Logger.WithValues("oldLock", l.name()) }

func (l *Lock) report(err error) { l.options.Problem("old lock "+l.name(), err) }
