package coordinator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kindred-k8s/kindred/pkg/elect"
	"github.com/kindred-k8s/kindred/pkg/fence"
	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/observe"
)

// Run takes part in the elections until ctx is cancelled, and then leaves: it
// says so in its member Lease, stops its reconcilers, releases each Lease once
// its reconciler has returned, and returns. By then everything that Run started
// has ended, except reconcilers that are stuck under KeepRunning (ErrStuck).
//
// It returns ErrIdentityInUse when another process has this replica's identity, and
// ErrOldLockLost as Options.OldLock says.
// What may pass, such as an API server that does not answer or permissions that
// are missing, is logged once and tried again. Run may be called once.
func (c *Coordinator) Run(ctx context.Context) error {
	if c.started.Swap(true) {
		return errors.New("kindred: Run was called twice: make a new Coordinator for a new life")
	}
	c.observer.start()
	defer c.left()
	if c.old != nil {
		return c.runUnderOldLock(ctx)
	}
	return c.run(ctx)
}

func (c *Coordinator) run(ctx context.Context) error {
	if err := c.join(ctx); err != nil {
		return err
	}
	if ctx.Err() != nil {
		c.leave(ctx)
		return nil
	}
	// Everything lives on while the replica leaves, so nothing inherits ctx's end.
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	c.start(func() {
		c.store.Watch(life, func(e lease.Event) { c.queue.put(elect.Watched{Event: e}) })
	})
	if c.options.Pods != nil {
		c.start(func() {
			c.options.Pods.Watch(life, func(p lease.Pod) { c.queue.put(elect.PodSeen{Pod: p}) }, c.problems.report)
		})
	}
	if c.cost.set != nil {
		c.cost.wanted = make(chan int, 1)
		c.start(func() { c.cost.keep(life, c.options.Timing.RetryPeriod, c.problems.report) })
	}
	if c.options.LearnWeights {
		c.start(func() { c.measure(life) })
	}
	for _, r := range c.byKind {
		c.start(func() { r.serve(life) })
	}
	// The coordinator's own writes have no term, also if its rest.Config is guarded.
	c.loop(ctx, fence.Exempt(life))
	end()
	c.running.Wait()
	c.leave(ctx)
	return c.failure
}

// start runs f in a goroutine that Run waits for.
func (c *Coordinator) start(f func()) { c.running.Go(f) }

// loop gives the core its events, one at a time, and does what it says, until it
// has finished.
func (c *Coordinator) loop(ctx, life context.Context) {
	leaving := ctx.Done()
	timer := time.NewTimer(0)
	defer timer.Stop()
	defer c.turn.Store(nil)
	// A turn at least this often shows Check that the loop is alive.
	pulse := c.options.Timing.RetryPeriod
	for {
		now := time.Now()
		wake := now.Add(pulse)
		if next := c.core.Next(); !next.IsZero() && next.Before(wake) {
			wake = next
		}
		timer.Reset(wake.Sub(now))

		var events []elect.Event
		select {
		case <-leaving:
			leaving = nil
			c.log.Info("Leaving: handing over every kind", "cause", context.Cause(ctx).Error())
			// Under a lock that is lost nothing may be done any more.
			events = []elect.Event{elect.Shutdown{Now: errors.Is(context.Cause(ctx), ErrOldLockLost)}}
		case <-c.queue.ready():
			if events = c.take(); len(events) == 0 { // it was for the observer alone
				c.cameRound()
				continue
			}
		case <-timer.C:
			// What came while the process stood still comes before what the time says: a
			// reconciler that has returned is not stuck.
			events = append(c.take(), elect.Tick{})
		}
		for _, action := range c.core.Step(time.Now(), events...) {
			if finish, done := action.(elect.Finish); done {
				c.finished(finish)
				c.observer.turned(time.Now(), pulse) // the last term may have ended in this step
				return
			}
			c.act(life, action)
			c.observer.said(action)
		}
		c.observer.turned(time.Now(), pulse)
		c.cost.want(c.core.Owned())
		c.cameRound()
	}
}

// take returns the events that wait for the core. The observer is told of them, and of
// what waits for it alone, in their order.
func (c *Coordinator) take() []elect.Event {
	var events []elect.Event
	for _, e := range c.queue.take() {
		if e.told != nil {
			c.observer.told(e.told, e.at)
			continue
		}
		c.observer.heard(e.event, e.at)
		events = append(events, e.event)
	}
	return events
}

// tell tells the observer of something from any goroutine.
func (c *Coordinator) tell(e observe.Event) {
	if c.options.Observer != nil {
		c.queue.add(entry{told: e, at: time.Now()})
	}
}

// left tells the observer of the end. What it is told later nobody takes.
func (c *Coordinator) left() {
	c.take()
	c.observer.call(observe.Left{})
}

func (c *Coordinator) finished(f elect.Finish) {
	for _, shard := range f.Abandoned {
		c.fail(fmt.Errorf("kindred: %w: the reconciler of %s has not returned", ErrStuck, shard))
	}
}

// fail adds to the error that Run will return.
func (c *Coordinator) fail(err error) {
	c.failed.Lock()
	defer c.failed.Unlock()
	if c.failure == nil || c.failure.Error() != err.Error() { // a write that is tried again fails again
		c.failure = errors.Join(c.failure, err)
	}
}

// join writes the member Lease for the first time, as often as it takes.
func (c *Coordinator) join(ctx context.Context) error {
	for {
		err := c.store.Join(fence.Exempt(ctx), c.member)
		c.take() // what the observer is told of it
		if err == nil {
			c.log.Info("Joined", "leases", c.options.Namespace, "kinds", len(c.byKind))
			c.observer.call(observe.Joined{})
			return nil
		}
		if errors.Is(err, ErrIdentityInUse) {
			return fmt.Errorf("kindred: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(c.options.Timing.RetryPeriod):
		}
	}
}

// leave deletes the member Lease. When that fails the Lease expires by itself.
func (c *Coordinator) leave(ctx context.Context) {
	if err := c.store.Leave(fence.Exempt(context.WithoutCancel(ctx)), c.member); err != nil {
		c.log.Error(err, "The member Lease is left to expire")
	}
	c.log.Info("Left")
}
