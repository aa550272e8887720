package measure

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/kindred-k8s/kindred/test/bench/fleet"
	"github.com/kindred-k8s/kindred/test/bench/journal"
	"github.com/kindred-k8s/kindred/test/bench/report"
)

var rolling = define(Measurement{
	Name: "rolling", Title: "A rolling update",
	Takes: 2 * time.Minute, Quick: 10 * time.Second,
}, runRolling, rollingTables, nil)

// RollingRow is what became of five kinds while five replicas were replaced.
type RollingRow struct {
	System string `json:"system"`
	// Finish is how long the work takes for what it was at, in seconds.
	Finish float64 `json:"finish"`
	// Moves is how often a reconciler began.
	Moves int `json:"moves"`
	// Uncovered is for how long kinds had none, all added up, LongestUncovered the most
	// of one kind; Overlaps is how often two of one kind were at work at once, Doubled
	// for how long. In seconds.
	Uncovered        float64 `json:"uncovered"`
	LongestUncovered float64 `json:"longestUncovered"`
	Overlaps         int     `json:"overlaps"`
	Doubled          float64 `json:"doubled"`
}

func rollingRow(row RollingRow, all []journal.Stretch, kinds []string, from, to time.Time) RollingRow {
	row.Moves = journal.Moves(all, from)
	for _, kind := range kinds {
		c := journal.Cover(all, kind, from, to)
		row.Uncovered += c.Uncovered.Seconds()
		row.LongestUncovered = max(row.LongestUncovered, c.Uncovered.Seconds())
		row.Overlaps += c.Overlaps
		row.Doubled += c.Doubled.Seconds()
	}
	return row
}

func runRolling(ctx context.Context, b *Bench) ([]RollingRow, error) {
	finish := pick(b, time.Second, 3*time.Second)
	// readyAfter is what passes from the start of a new replica until an old one is
	// told to stop, as with a readiness probe.
	readyAfter := pick(b, 500*time.Millisecond, 2*time.Second)
	b.Say("five replicas that take %v to finish are replaced one by one, in all systems side by side", finish)
	return sideBySide(ctx, b, fleet.Options{Kinds: 5, Finish: finish}, func(ctx context.Context, f *fleet.Fleet) (RollingRow, error) {
		var old []*fleet.Process
		for range 5 {
			p, err := f.Start(1, fleet.Revision("1"))
			if err != nil {
				return RollingRow{}, err
			}
			old = append(old, p)
		}
		if err := b.settle(ctx, f); err != nil {
			return RollingRow{}, err
		}
		from := time.Now()
		for _, p := range old {
			if _, err := f.Start(1, fleet.Revision("2")); err != nil {
				return RollingRow{}, err
			}
			if err := pause(ctx, readyAfter); err != nil {
				return RollingRow{}, err
			}
			p.Tell()
		}
		if err := b.settle(ctx, f); err != nil {
			return RollingRow{}, err
		}
		for _, p := range old {
			if err := p.Stop(); err != nil {
				return RollingRow{}, err
			}
		}
		all, err := f.Stretches()
		return rollingRow(RollingRow{System: f.System.Name, Finish: finish.Seconds()}, all, f.Kinds(), from, time.Now()), err
	})
}

func rollingTables(rows []RollingRow) []report.Table {
	t := report.Table{
		Title:   fmt.Sprintf("Five kinds, five replicas, each replaced by a new one; work takes %.0f s to finish", rows[0].Finish),
		Columns: []string{"system", "moves", "without a reconciler, all kinds", "longest of one kind", "two at work", "for"},
		Note:    "\"Two at work\" counts from the beginning of the next owner's work while the one before has not finished.",
	}
	for _, r := range rows {
		t.Rows = append(t.Rows, []string{
			r.System, strconv.Itoa(r.Moves), report.Seconds(r.Uncovered), report.Seconds(r.LongestUncovered),
			fmt.Sprintf("%d times", r.Overlaps), report.Seconds(r.Doubled),
		})
	}
	return []report.Table{t}
}
