package coordinator

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"
	coordinationv1client "k8s.io/client-go/kubernetes/typed/coordination/v1"

	"github.com/kindred-k8s/kindred/pkg/fence"
	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/oldlock"
)

// ErrOldLockLost is returned by Run when the lock of Options.OldLock was lost.
var ErrOldLockLost = oldlock.ErrLost

// bound is a local time that limits others; zero for no limit. It is safe for
// concurrent use.
type bound struct {
	mu    sync.Mutex
	until time.Time
}

func (b *bound) set(until time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.until = until
}

// of returns until, or the bound if that is earlier.
func (b *bound) of(until time.Time) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.until.IsZero() && b.until.Before(until) {
		return b.until
	}
	return until
}

// useOldLock prepares what Options.OldLock asks for. No right to write lasts longer
// than the right to act under the old lock.
func (c *Coordinator) useOldLock(client coordinationv1client.LeasesGetter) {
	o := c.options
	if o.OldLock == "" {
		return
	}
	c.old = oldlock.New(client, oldlock.Options{
		Component: o.Component, Namespace: o.Namespace, Name: o.OldLock,
		Identity: o.Identity, Timing: o.Timing, Logger: c.log, Problem: c.problems.report,
		Held: func(until time.Time) {
			c.oldUntil.set(until)
			for _, k := range c.kinds {
				k.extend()
			}
		},
		Lost: func(reason string) {
			c.oldUntil.set(time.Now())
			for _, k := range c.kinds {
				k.endFence(reason)
			}
		},
		Stuck: func(err error) {
			c.log.Error(err, "Stuck: not every kind was handed over in time")
			if o.Stuck == ExitProcess {
				c.exit(ExitCodeStuck)
			}
		},
	})
}

func (c *Coordinator) runUnderOldLock(ctx context.Context) error {
	// The requests for the old lock have no term, also if the rest.Config is guarded;
	// that is not for standbys.
	held, drained := make(chan struct{}), make(chan struct{})
	begin := sync.OnceFunc(func() {
		close(held)
		<-drained
	})
	defer begin()
	go func() {
		defer close(drained)
		c.observeUntil(held)
	}()
	err := c.old.Hold(fence.Exempt(ctx), func(working context.Context) error {
		begin()
		return c.run(fence.NewContext(working, fence.FromContext(ctx)))
	})
	if errors.Is(err, ErrOldLockLost) || errors.Is(err, oldlock.ErrTooLong) {
		return fmt.Errorf("kindred: %w", err)
	}
	return err
}

// observeUntil tells the observer what happens before the replica takes part in any
// election: requests for the old lock, and what is wrong with them.
func (c *Coordinator) observeUntil(held <-chan struct{}) {
	for {
		select {
		case <-held:
			return
		case <-c.queue.ready():
			c.take()
		}
	}
}

// extend lets the right to write of the kind's term last as long as the old lock
// and its own Lease allow.
func (k *kind) extend() {
	k.mu.Lock()
	f, until := k.fence, k.until
	k.mu.Unlock()
	if f != nil {
		f.Extend(k.c.oldUntil.of(until))
	}
}

func (k *kind) endFence(reason string) {
	k.mu.Lock()
	f := k.fence
	k.mu.Unlock()
	if f != nil {
		f.End(reason)
	}
}

// validateOldLock checks the name of the old lock.
func validateOldLock(o Options, kinds []Kind) []error {
	if o.OldLock == "" {
		return nil
	}
	var errs []error
	if problems := validation.IsDNS1123Subdomain(o.OldLock); len(problems) > 0 {
		errs = append(errs, fmt.Errorf("oldLock %q: %s", o.OldLock, problems[0]))
	}
	if o.LeaseConfig != nil {
		errs = append(errs, fmt.Errorf("oldLock is %q and leaseConfig is given: the old lock has to be where the Leases are; move the Leases to another cluster when the old version is gone", o.OldLock))
	}
	// The number of a kind's buckets may change while the old lock is there.
	whole, _, _ := lease.SplitName(o.OldLock)
	for _, kind := range kinds {
		switch name, err := kind.leaseName(o.Component); {
		case err != nil: // validateKinds reports it
		case name == o.OldLock:
			errs = append(errs, fmt.Errorf("oldLock %q is the Lease of kind %s: one Lease cannot be both", o.OldLock, kind.GroupKind))
		case name == whole:
			errs = append(errs, fmt.Errorf("oldLock %q is the name of the Lease of a bucket of kind %s: one Lease cannot be both", o.OldLock, kind.GroupKind))
		}
	}
	return errs
}
