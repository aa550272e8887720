// Package measure has what is measured, each in a file of its own: a part that runs
// replicas and one, pure, that computes.
package measure

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/kindred-k8s/kindred/test/bench/fleet"
	"github.com/kindred-k8s/kindred/test/bench/report"
	"github.com/kindred-k8s/kindred/test/bench/system"
)

// settleTimeout is how long a fleet may take to come to rest.
const settleTimeout = 2 * time.Minute

// Bench is what measurements share.
type Bench struct {
	*fleet.World
	Systems []system.System
	// Quick asks for a run that shows that it runs, and nothing more.
	Quick bool
	// Say tells the user how far it is.
	Say func(format string, args ...any)
}

// Measurement is one thing that is measured.
type Measurement struct {
	Name, Title string
	// Takes is about how long it takes, Quick how long in a short run.
	Takes, Quick time.Duration
	// Run measures.
	Run func(ctx context.Context, b *Bench) (json.RawMessage, error)
	// Show presents what Run has returned.
	Show func(data json.RawMessage) ([]report.Table, []report.Plot, error)
}

// All are the measurements in the order in which they run.
var All = []Measurement{idle, spread, stop, crash, rolling, cold, memory, throughput, plan}

// define makes a measurement of a run that returns a T and what is to be shown of it.
func define[T any](m Measurement, run func(context.Context, *Bench) (T, error), tables func(T) []report.Table, plots func(T) []report.Plot) Measurement {
	m.Run = func(ctx context.Context, b *Bench) (json.RawMessage, error) {
		data, err := run(ctx, b)
		if err != nil {
			return nil, err
		}
		return json.Marshal(data)
	}
	m.Show = func(raw json.RawMessage) ([]report.Table, []report.Plot, error) {
		var data T
		if err := json.Unmarshal(raw, &data); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", m.Name, err)
		}
		all := tables(data)
		for _, t := range all {
			if err := t.Check(); err != nil {
				return nil, nil, fmt.Errorf("%s: %w", m.Name, err)
			}
		}
		if plots == nil {
			return all, nil, nil
		}
		return all, plots(data), nil
	}
	return m
}

// pick returns quick in a short run and full otherwise.
func pick[T any](b *Bench, quick, full T) T {
	if b.Quick {
		return quick
	}
	return full
}

// quiet is how long a fleet must have been still to be at rest: longer than Kindred
// waits before it evens out the split.
func (b *Bench) quiet() time.Duration { return pick(b, 1500*time.Millisecond, 5*time.Second) }

// settle waits until f is at rest. Work that was told to stop and finishes is not.
func (b *Bench) settle(ctx context.Context, f *fleet.Fleet) error {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	return f.Settle(ctx, b.quiet()+f.Finish())
}

// pause waits for d.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
