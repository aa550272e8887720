package broken

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

const (
	// patience is how long may pass until what must happen has happened. It is about
	// behaviour: seconds are normal.
	patience = time.Minute
	// calmTime is how long a system must have been calm to count as settled. Whoever
	// writes at all writes many times in it.
	calmTime = 2 * time.Second
)

// trial is all systems at once, with the histories of what they write.
type trial struct {
	t         *testing.T // of the scenario that runs
	fleets    []*fleet
	histories map[schema.GroupKind]*history
	// controls run in one scenario only.
	controls []*fleet
}

// newTrial starts the systems of the table and waits until they have settled.
func newTrial(t *testing.T) *trial {
	t.Helper()
	r := &trial{t: t, histories: map[schema.GroupKind]*history{}}
	for _, kind := range kinds {
		r.histories[kind] = follow(t, kind)
	}
	for _, system := range []string{plain, kindred, policies} {
		r.fleets = append(r.fleets, newFleet(t, system, r.histories))
	}
	for _, system := range []string{fenceAlone, noFence} {
		r.controls = append(r.controls, newFleet(t, system, r.histories))
	}
	for _, f := range r.fleets {
		f.start()
	}
	r.settle(r.fleets, time.Now())
	for _, f := range r.fleets {
		if systems[f.system].installed {
			f.install(t)
		}
	}
	return r
}

// settle waits until fleets have been calm for a while after a time.
func (r *trial) settle(fleets []*fleet, after time.Time) {
	r.t.Helper()
	within(r.t, patience, "every kind to be written by its owner and nobody else", func(ctx context.Context) error {
		since := time.Now().Add(-calmTime)
		if since.Before(after) {
			return errors.New("too early to say")
		}
		for _, f := range fleets {
			if err := f.calm(ctx, since); err != nil {
				return err
			}
		}
		return nil
	})
}

// target is the replica of a fleet that owns the kind at which faults are aimed.
type target struct {
	*replica
	fleet *fleet
}

// targets returns that of each fleet.
func (r *trial) targets(fleets ...*fleet) []target {
	r.t.Helper()
	var all []target
	for _, f := range fleets {
		owner, err := f.owner(r.t.Context(), kinds[0])
		if err != nil {
			r.t.Fatal(err)
		}
		all = append(all, target{owner, f})
	}
	return all
}

// takenOver waits until others write what was the targets' own.
func (r *trial) takenOver(targets []target) {
	r.t.Helper()
	within(r.t, patience, "another replica to write", func(context.Context) error {
		for _, x := range targets {
			all := x.fleet.histories[kinds[0]].of(x.fleet.namespace)
			if writer := lease.PodName(all[len(all)-1].writer); writer == x.pod {
				return fmt.Errorf("%s: the last to write was %s", x.fleet.system, writer)
			}
		}
		return nil
	})
}

// pass lets time pass in which a fault acts.
func (r *trial) pass(d time.Duration) {
	select {
	case <-time.After(d):
	case <-r.t.Context().Done():
	}
}

// heal ends all faults that fleets can have.
func heal(fleets []*fleet) {
	for _, f := range fleets {
		for _, x := range f.replicas {
			x.proxy.Heal()
			x.signal(syscall.SIGCONT)
		}
	}
}

// within polls until check returns nil, and fails the test when it does not in
// time.
func within(t *testing.T, limit time.Duration, what string, check func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	for tick := time.NewTicker(50 * time.Millisecond); ; {
		err := check(ctx)
		if err == nil {
			tick.Stop()
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: not within %v: %v", what, limit, err)
		}
	}
}
