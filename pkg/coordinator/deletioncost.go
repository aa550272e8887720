package coordinator

import (
	"context"
	"time"
)

// deletionCost keeps the Pod's annotation at the number of kinds that are owned.
type deletionCost struct {
	set func(ctx context.Context, kinds int) error // nil when it is not asked for

	// wanted holds the latest number that is not written yet.
	wanted chan int
	last   int // owned by the goroutine of Run
	said   bool
}

// want says how many kinds are owned now. It does not block.
func (d *deletionCost) want(kinds int) {
	if d.set == nil || d.said && d.last == kinds {
		return
	}
	d.last, d.said = kinds, true
	select {
	case <-d.wanted: // what nobody has written yet is out of date
	default:
	}
	d.wanted <- kinds
}

// keep writes what is wanted, again after a pause when that fails.
func (d *deletionCost) keep(ctx context.Context, pause time.Duration, report func(string, error)) {
	var again <-chan time.Time
	kinds := 0
	for {
		select {
		case <-ctx.Done():
			return
		case kinds = <-d.wanted:
		case <-again:
		}
		again = nil
		err := d.set(ctx, kinds)
		if ctx.Err() != nil {
			return
		}
		if report("pod-deletion-cost", err); err != nil {
			again = time.After(pause)
		}
	}
}
