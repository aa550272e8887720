package measure

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/kindred-k8s/kindred/test/bench/fleet"
	"github.com/kindred-k8s/kindred/test/bench/journal"
	"github.com/kindred-k8s/kindred/test/bench/report"
	"github.com/kindred-k8s/kindred/test/bench/system"
)

var stop = define(Measurement{
	Name: "stop", Title: "A graceful stop",
	Takes: 4 * time.Minute, Quick: 8 * time.Second,
}, runStop, stopTables, stopPlots)

// StopData is how long kinds were without a reconciler when their owner stopped, and
// the floor, measured in between.
type StopData struct {
	Floor Sample    `json:"floor"`
	Rows  []StopRow `json:"rows"`
}

// StopRow is that of one system. Each sample is a kind.
type StopRow struct {
	System string `json:"system"`
	Stops  int    `json:"stops"`
	Gap    Sample `json:"gap"`
}

// slowRounds is in how many rounds a system with a longer timing takes part.
const slowRounds = 3

func runStop(ctx context.Context, b *Bench) (data StopData, err error) {
	b.Say("five replicas of each system share ten kinds")
	var fleets []*fleet.Fleet
	defer func() {
		for _, f := range fleets {
			err = errors.Join(err, f.Close())
		}
	}()
	for _, s := range b.Systems {
		f, err := fleet.New(ctx, b.World, s, fleet.Options{Kinds: 10})
		if err != nil {
			return data, err
		}
		fleets = append(fleets, f)
		if err := startEach(f, 5); err != nil {
			return data, err
		}
	}
	least, err := newFloor(ctx, b)
	if err != nil {
		return data, err
	}
	defer least.watch.Stop()
	gaps, stops := map[string][]time.Duration{}, map[string]int{}
	var floors []time.Duration
	for round := range pick(b, 1, 15) {
		b.Say("an owner of each stops; round %d", round+1)
		for _, f := range fleets {
			if f.System.Timing.LeaseDuration > system.Kubernetes.LeaseDuration && round >= slowRounds {
				continue
			}
			more, err := stopOne(ctx, b, f)
			if err != nil {
				return data, err
			}
			gaps[f.System.Name], stops[f.System.Name] = append(gaps[f.System.Name], more...), stops[f.System.Name]+1
			more, err = least.times(ctx, 5)
			if err != nil {
				return data, err
			}
			floors = append(floors, more...)
		}
	}
	data.Floor = sampleOf(floors)
	for _, f := range fleets {
		data.Rows = append(data.Rows, StopRow{System: f.System.Name, Stops: stops[f.System.Name], Gap: sampleOf(gaps[f.System.Name])})
	}
	return data, nil
}

// stopOne stops the replica that owns most, starts another in its place once all is
// taken over, and returns how long each kind was without a reconciler.
func stopOne(ctx context.Context, b *Bench, f *fleet.Fleet) ([]time.Duration, error) {
	if err := b.settle(ctx, f); err != nil {
		return nil, err
	}
	owner, err := f.Busiest()
	if err != nil {
		return nil, err
	}
	from := time.Now()
	owner.Tell()
	all, err := b.takenOver(ctx, f, owner.Pods[0], from)
	if err != nil {
		return nil, err
	}
	if err := owner.Stop(); err != nil {
		return nil, err
	}
	if _, err := f.Start(1); err != nil {
		return nil, err
	}
	return after(journal.Successors(all, owner.Pods[0], from, nil)), nil
}

// takenOver waits until every kind that the replica ran at from runs on others alone.
func (b *Bench) takenOver(ctx context.Context, f *fleet.Fleet, pod string, from time.Time) (all []journal.Stretch, err error) {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	return all, f.Until(ctx, func(now []journal.Stretch) error {
		all = now
		owned := journal.Owned(all, []string{pod}, from)[pod]
		if n := len(journal.Successors(all, pod, from, nil)); n < owned {
			return errors.New("some kinds of " + pod + " have no new owner")
		}
		if left := journal.Owned(all, []string{pod}, time.Now())[pod]; left > 0 {
			return errors.New(pod + " still works")
		}
		return nil
	})
}

func after(all []journal.Successor) []time.Duration {
	var times []time.Duration
	for _, s := range all {
		times = append(times, s.After)
	}
	return times
}

func stopTables(data StopData) []report.Table {
	t := report.Table{
		Title:   "Ten kinds, five replicas, one that owns most stops: how long each of its kinds has no reconciler",
		Columns: []string{"system", "stops", "kinds", "median", "to the floor", "p99", "to the floor", "longest"},
		Note:    "The floor is a write, its watch event, and a write by who saw it, measured in turn with the stops. With less than a hundred kinds p99 is the longest.",
	}
	add := func(name, stops string, s Sample) {
		t.Rows = append(t.Rows, []string{
			name, stops, strconv.Itoa(s.N), report.Seconds(s.Median), report.Times(s.Median, data.Floor.Median),
			report.Seconds(s.P99), report.Times(s.P99, data.Floor.P99), report.Seconds(s.Most),
		})
	}
	add("(the floor)", "–", data.Floor)
	for _, r := range data.Rows {
		add(r.System, strconv.Itoa(r.Stops), r.Gap)
	}
	return []report.Table{t}
}

func stopPlots(data StopData) []report.Plot {
	p := report.Plot{File: "bench-stop.svg", Title: "Without a reconciler when the owner stops", Y: "seconds"}
	for _, q := range []struct {
		name string
		of   func(Sample) float64
	}{{"median", func(s Sample) float64 { return s.Median }}, {"p99", func(s Sample) float64 { return s.P99 }}} {
		p.Add("(the floor)", q.name, q.of(data.Floor))
		for _, r := range data.Rows {
			p.Add(r.System, q.name, q.of(r.Gap))
		}
	}
	return []report.Plot{p}
}
