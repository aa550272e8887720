package measure

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kindred-k8s/kindred/test/bench/fleet"
	"github.com/kindred-k8s/kindred/test/bench/replica"
	"github.com/kindred-k8s/kindred/test/bench/report"
	"github.com/kindred-k8s/kindred/test/bench/system"
)

var idle = define(Measurement{
	Name: "idle", Title: "What an idle fleet costs",
	Takes: 14 * time.Minute, Quick: 9 * time.Second,
}, runIdle, idleTables, idlePlots)

// nobody is the API server by itself.
const nobody = "(no replicas)"

// IdleRow is what one fleet costs while nothing happens.
type IdleRow struct {
	System   string  `json:"system"`
	Kinds    int     `json:"kinds"`
	Replicas int     `json:"replicas"`
	Seconds  float64 `json:"seconds"`
	// Restless says that the fleet did not come to rest in two minutes: with four
	// thousand electors on two cores, kinds go on changing their owners.
	Restless bool `json:"restless,omitempty"`
	// Requests are those for Leases, a second, by verb; Watched are events sent to
	// watches of Leases, a second.
	Requests map[string]float64 `json:"requests"`
	Watched  float64            `json:"watched"`
	// ServerCPU is what the API server with its etcd uses, in seconds a minute, and
	// ReplicaCPU what one replica does that is a process of its own.
	ServerCPU  float64 `json:"serverCPU"`
	ReplicaCPU float64 `json:"replicaCPU"`
}

func (r IdleRow) total() float64 {
	total := 0.0
	for _, n := range r.Requests {
		total += n
	}
	return total
}

func (r IdleRow) size() string { return fmt.Sprintf("%d × %d", r.Kinds, r.Replicas) }

// idleRow computes a row from what was read at the beginning and the end.
func idleRow(row IdleRow, before, after scrape, first, last replica.Report) IdleRow {
	row.Seconds = after.at.Sub(before.at).Seconds()
	row.Requests = map[string]float64{}
	for verb, n := range after.requests {
		if d := n - before.requests[verb]; d > 0 {
			row.Requests[verb] = d / row.Seconds
		}
	}
	row.Watched = (after.watched - before.watched) / row.Seconds
	row.ServerCPU = 60 * (after.cpu - before.cpu) / row.Seconds
	row.ReplicaCPU = 60 * (last.CPU - first.CPU).Seconds() / row.Seconds
	return row
}

type size struct{ kinds, replicas int }

func runIdle(ctx context.Context, b *Bench) ([]IdleRow, error) {
	window := pick(b, 2*time.Second, 30*time.Second)
	b.Say("the API server alone")
	alone, err := idleWindow(ctx, b, nil, IdleRow{System: nobody}, window)
	if err != nil {
		return nil, err
	}
	rows := []IdleRow{alone}
	for _, n := range pick(b, []size{{5, 5}}, []size{{5, 5}, {50, 20}, {200, 20}}) {
		more, err := inTurn(ctx, b, fleet.Options{Kinds: n.kinds}, func(ctx context.Context, f *fleet.Fleet) (IdleRow, error) {
			b.Say("%d kinds and %d replicas of %s", n.kinds, n.replicas, f.System.Name)
			return idleFleet(ctx, b, f, n, window)
		})
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

// idleFleet has one replica in a process of its own, which is looked at, and the
// others together in another, each with its own connections.
func idleFleet(ctx context.Context, b *Bench, f *fleet.Fleet, n size, window time.Duration) (IdleRow, error) {
	one, err := f.Start(1)
	if err != nil {
		return IdleRow{}, err
	}
	if _, err := f.Start(n.replicas - 1); err != nil {
		return IdleRow{}, err
	}
	row := IdleRow{System: f.System.Name, Kinds: n.kinds, Replicas: n.replicas}
	err = b.settle(ctx, f)
	if row.Restless = errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil; row.Restless {
		b.Say("it does not come to rest: %v", err)
	} else if err != nil {
		return row, err
	}
	// What the start has caused is over for all of them after a renewal more.
	if err := pause(ctx, 2*f.System.Timing.RetryPeriod); err != nil {
		return row, err
	}
	return idleWindow(ctx, b, one, row, window)
}

func idleWindow(ctx context.Context, b *Bench, one *fleet.Process, row IdleRow, window time.Duration) (IdleRow, error) {
	var first, last replica.Report
	var err error
	if one != nil {
		if first, err = one.Report(); err != nil {
			return row, err
		}
	}
	before, err := takeScrape(ctx, b.Client)
	if err != nil {
		return row, err
	}
	if err := pause(ctx, window); err != nil {
		return row, err
	}
	after, err := takeScrape(ctx, b.Client)
	if err != nil {
		return row, err
	}
	if one != nil {
		if last, err = one.Report(); err != nil {
			return row, err
		}
	}
	return idleRow(row, before, after, first, last), nil
}

func idleTables(rows []IdleRow) []report.Table {
	t := report.Table{
		Title:   "Idle, by kinds × replicas",
		Columns: []string{"kinds × replicas", "system", "requests/s", "to Kindred", "by verb, each second", "watch events/s", "API server and etcd, CPU s/min", "one replica, CPU s/min"},
		Note:    "Requests and watch events are those for Leases, counted by the API server.",
	}
	ours := map[string]float64{}
	for _, r := range rows {
		if r.System == system.Kindred {
			ours[r.size()] = r.total()
		}
	}
	for _, r := range rows {
		var verbs []string
		for _, verb := range slices.Sorted(maps.Keys(r.Requests)) {
			verbs = append(verbs, verb+" "+report.Number(r.Requests[verb]))
		}
		size, cpu := r.size(), report.Number(r.ReplicaCPU)
		if r.System == nobody {
			size, cpu = "–", "–"
		}
		name := r.System
		if r.Restless {
			name += " (never at rest)"
		}
		t.Rows = append(t.Rows, []string{
			size, name, report.Number(r.total()), report.Times(r.total(), ours[r.size()]), orNone(strings.Join(verbs, ", ")),
			report.Number(r.Watched), report.Number(r.ServerCPU), cpu,
		})
	}
	return []report.Table{t}
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

func idlePlots(rows []IdleRow) []report.Plot {
	requests := report.Plot{File: "bench-idle-requests.svg", Title: "Requests for Leases while idle", X: "kinds × replicas", Y: "requests a second"}
	cpu := report.Plot{File: "bench-idle-cpu.svg", Title: "API server and etcd while idle", X: "kinds × replicas", Y: "CPU seconds a minute"}
	for _, r := range rows {
		if r.System == nobody {
			continue
		}
		for _, p := range []*report.Plot{&requests, &cpu} {
			value := r.total()
			if p == &cpu {
				value = r.ServerCPU
			}
			p.Add(r.System, r.size(), value)
		}
	}
	return []report.Plot{requests, cpu}
}
