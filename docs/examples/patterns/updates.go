package patterns

import (
	"context"
	"sync/atomic"
)

// Updates are what every replica finds out and the owner alone writes, as Contour's
// replicas do with the status of routes: each computes and serves everything, and a
// channel leads to the one that writes.
type Updates struct {
	// All returns everything that is known now. A term begins with it: what was found
	// out before, this replica has not written.
	All   func() []string
	Write func(ctx context.Context, update string) error

	channel atomic.Pointer[channel] // nil while this replica is not the owner
}

type channel struct {
	updates chan string
	over    <-chan struct{}
}

// Send is called on every replica. On one that is not the owner it does nothing: the
// owner finds out the same.
func (u *Updates) Send(update string) {
	owner := u.channel.Load()
	if owner == nil {
		return
	}
	select {
	case owner.updates <- update:
	case <-owner.over:
	}
}

// Run is the work of the owner, as a coordinator.Reconciler has it.
func (u *Updates) Run(ctx context.Context) error {
	own := &channel{updates: make(chan string), over: ctx.Done()}
	u.channel.Store(own) // before All: what is found out meanwhile comes twice, not never
	defer u.channel.Store(nil)
	for _, update := range u.All() {
		if err := u.Write(ctx, update); err != nil {
			return err
		}
	}
	for {
		select {
		case update := <-own.updates:
			if err := u.Write(ctx, update); err != nil {
				return err
			}
		case <-ctx.Done():
			return nil
		}
	}
}
