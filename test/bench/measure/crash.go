package measure

import (
	"context"
	"strconv"
	"time"

	"github.com/kindred-k8s/kindred/test/bench/fleet"
	"github.com/kindred-k8s/kindred/test/bench/journal"
	"github.com/kindred-k8s/kindred/test/bench/report"
	"github.com/kindred-k8s/kindred/test/bench/system"
	"github.com/kindred-k8s/kindred/test/faultproxy"
)

var crash = define(Measurement{
	Name: "crash", Title: "A crash",
	Takes: 4 * time.Minute, Quick: 14 * time.Second,
}, runCrash, crashTables, crashPlots)

// CrashRow is how long it took until the kinds of a replica that was lost were
// reconciled again. Each sample is a kind.
type CrashRow struct {
	System string `json:"system"`
	// LeaseDuration is what the others have to wait for, in seconds.
	LeaseDuration float64 `json:"leaseDuration"`
	// Killed is from a kill -9 on, Cut from when nothing came through to the API
	// server any more and nothing back.
	Killed Sample `json:"killed"`
	Cut    Sample `json:"cut"`
}

func runCrash(ctx context.Context, b *Bench) ([]CrashRow, error) {
	b.Say("owners are killed, and others cut off, in all systems side by side")
	return sideBySide(ctx, b, fleet.Options{Kinds: 5}, func(ctx context.Context, f *fleet.Fleet) (CrashRow, error) {
		row := CrashRow{System: f.System.Name, LeaseDuration: f.System.Timing.LeaseDuration.Seconds()}
		behind := map[*fleet.Process]*faultproxy.Proxy{}
		begin := func() error {
			proxy, through, err := f.Through()
			if err != nil {
				return err
			}
			p, err := f.Start(1, through)
			behind[p] = proxy
			return err
		}
		for range 5 {
			if err := begin(); err != nil {
				return row, err
			}
		}
		rounds := pick(b, 1, 4)
		if f.System.Timing.LeaseDuration > system.Kubernetes.LeaseDuration {
			rounds = 1
		}
		var killed, cut []time.Duration
		for range rounds {
			for _, times := range []*[]time.Duration{&killed, &cut} {
				more, err := crashOne(ctx, b, f, behind, times == &cut)
				if err != nil {
					return row, err
				}
				*times = append(*times, more...)
				if err := begin(); err != nil {
					return row, err
				}
			}
		}
		row.Killed, row.Cut = sampleOf(killed), sampleOf(cut)
		return row, nil
	})
}

// crashOne takes the replica that owns most away, and returns how long each of its
// kinds waited for the next.
func crashOne(ctx context.Context, b *Bench, f *fleet.Fleet, behind map[*fleet.Process]*faultproxy.Proxy, cut bool) ([]time.Duration, error) {
	if err := b.settle(ctx, f); err != nil {
		return nil, err
	}
	owner, err := f.Busiest()
	if err != nil {
		return nil, err
	}
	from := time.Now()
	if cut {
		owner.GiveUp()
		behind[owner].Cut()
	} else {
		owner.Kill()
	}
	all, err := b.takenOver(ctx, f, owner.Pods[0], from)
	if err != nil {
		return nil, err
	}
	owner.Kill() // it is of no more use
	return after(journal.Successors(all, owner.Pods[0], from, &from)), nil
}

func crashTables(rows []CrashRow) []report.Table {
	t := report.Table{
		Title:   "Five kinds, five replicas, one that owns most is lost: until the next owner's first reconcile",
		Columns: []string{"system", "Lease", "killed: median", "in Leases", "longest", "kinds", "cut off: median", "in Leases", "longest", "kinds"},
		Note:    "There is no kubelet here that could report a container ended: with one, Kindred does not wait for the Lease (design.md, \"A crash without the wait\").",
	}
	for _, r := range rows {
		cells := []string{r.System, report.Seconds(r.LeaseDuration)}
		for _, s := range []Sample{r.Killed, r.Cut} {
			cells = append(cells, report.Seconds(s.Median), report.Times(s.Median, r.LeaseDuration), report.Seconds(s.Most), strconv.Itoa(s.N))
		}
		t.Rows = append(t.Rows, cells)
	}
	return []report.Table{t}
}

func crashPlots(rows []CrashRow) []report.Plot {
	p := report.Plot{File: "bench-crash.svg", Title: "Until the next owner's first reconcile, median", Y: "seconds"}
	for _, r := range rows {
		p.Add(r.System, "killed", r.Killed.Median)
		p.Add(r.System, "cut off", r.Cut.Median)
	}
	return []report.Plot{p}
}
