package steer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kindred-k8s/kindred/pkg/inspect"
)

// waiter watches the changes of owner.
type waiter struct {
	s    *session
	stop func()
	// first gets how things are when the watch has begun, told what comes after it,
	// and ended what the watch returns.
	first chan *inspect.Snapshot
	told  chan told
	ended chan error
}

// told is a change, or trouble with the watch, which is opened again by itself.
type told struct {
	change  inspect.Change
	trouble error
}

// watch begins to watch. stop must be called, and waits for the end of it.
func (s *session) watch(ctx context.Context) *waiter {
	ctx, cancel := context.WithCancel(ctx)
	// There is room for what happens while the command writes, so that the watch goes
	// on and dates it rightly.
	w := &waiter{s: s, first: make(chan *inspect.Snapshot, 1), told: make(chan told, 100), ended: make(chan error, 1)}
	finished := make(chan struct{})
	tell := func(t told) {
		select {
		case w.told <- t:
		case <-ctx.Done():
		}
	}
	began := false
	go func() {
		defer close(finished)
		w.ended <- inspect.Watch(ctx, s.leases, s.query, inspect.Handler{
			Snapshot: func(snapshot *inspect.Snapshot) {
				if !began {
					began = true
					w.first <- snapshot
				}
			},
			Change:  func(c inspect.Change) { tell(told{change: c}) },
			Trouble: func(err error) { tell(told{trouble: err}) },
		})
	}()
	w.stop = func() {
		cancel()
		<-finished
	}
	return w
}

// open waits until the watch has begun.
func (w *waiter) open(ctx context.Context) (*inspect.Snapshot, error) {
	for {
		select {
		case snapshot := <-w.first:
			return snapshot, nil
		case err := <-w.ended:
			return nil, errors.Join(err, ctx.Err())
		case t := <-w.told:
			w.say(t)
		}
	}
}

// until waits until the Pod that was chosen has the kinds, and says how it went.
func (w *waiter) until(ctx context.Context, kinds []inspect.Kind) error {
	holders := map[string]string{} // by Lease
	for _, kind := range kinds {
		holders[kind.Lease] = kind.Holder
	}
	timer := time.NewTimer(w.s.timeout)
	defer timer.Stop()
	for !w.done(holders) {
		select {
		case t := <-w.told:
			if _, ours := holders[t.change.Lease]; ours {
				holders[t.change.Lease] = t.change.To
				w.say(t)
			} else if t.trouble != nil {
				w.say(t)
			}
		case <-ctx.Done():
			return w.late(kinds, holders, "interrupted")
		case <-timer.C:
			return w.late(kinds, holders, fmt.Sprintf("after %v", w.s.timeout))
		}
	}
	return nil
}

func (w *waiter) done(holders map[string]string) bool {
	for _, holder := range holders {
		if !w.s.there(holder) {
			return false
		}
	}
	return true
}

func (w *waiter) say(t told) {
	switch {
	case t.trouble != nil:
		fmt.Fprintln(w.s.ErrOut, "warning:", t.trouble, "(trying again)")
	case t.change.To != "" || t.change.Deleted:
		fmt.Fprintln(w.s.Out, t.change)
	}
}

// late says that some kinds are not where they should be.
func (w *waiter) late(kinds []inspect.Kind, holders map[string]string, when string) error {
	var errs []error
	for _, kind := range kinds {
		holder := holders[kind.Lease]
		if w.s.there(holder) {
			continue
		}
		state := "nobody owns it"
		if holder != "" {
			state = inspect.Printable(holder) + " owns it"
		}
		errs = append(errs, fmt.Errorf("%s is not with %s, %s: %s; it is still to go there, when its owner's reconciler has returned and no rollout is in the way: see \"%s owners --watch\", or take it back with \"%[5]s rebalance %[1]s\"",
			kind.Name(), w.s.to, when, state, w.s.name))
	}
	return errors.Join(errs...)
}
