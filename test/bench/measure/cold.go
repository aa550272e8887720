package measure

import (
	"context"
	"slices"
	"time"

	"github.com/kindred-k8s/kindred/test/bench/fleet"
	"github.com/kindred-k8s/kindred/test/bench/journal"
	"github.com/kindred-k8s/kindred/test/bench/report"
	"github.com/kindred-k8s/kindred/test/bench/system"
)

var cold = define(Measurement{
	Name: "cold", Title: "A cold start",
	Takes: 2 * time.Minute, Quick: 5 * time.Second,
}, runCold, coldTables, nil)

// ColdRow is how long it took from the start of the first process, in seconds, at the
// median of the rounds.
type ColdRow struct {
	System string `json:"system"`
	Rounds int    `json:"rounds"`
	// Reconciled is until every kind had a reconciler, Balanced until no two replicas
	// differed by more than one kind for good; zero when they did to the end.
	Reconciled float64 `json:"reconciled"`
	Balanced   float64 `json:"balanced"`
}

// reconciledAt returns when every kind had been started.
func reconciledAt(all []journal.Stretch, kinds []string) time.Time {
	var last time.Time
	for _, kind := range kinds {
		first := slices.IndexFunc(all, func(s journal.Stretch) bool { return s.Kind == kind })
		if first < 0 {
			return time.Time{}
		}
		if all[first].From.After(last) {
			last = all[first].From
		}
	}
	return last
}

// balancedAt returns since when every kind runs and no two of pods differ by more than
// one; the zero time when that is not so at the end.
func balancedAt(all []journal.Stretch, kinds, pods []string) time.Time {
	var times []time.Time
	for _, s := range all {
		times = append(times, s.From)
		if !s.To.IsZero() {
			times = append(times, s.To)
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	var since time.Time
	for _, t := range times {
		owned := journal.Owned(all, pods, t)
		most, least := 0, len(kinds)
		for _, n := range owned {
			most, least = max(most, n), min(least, n)
		}
		switch even := len(journal.Running(all, t)) == len(kinds) && most-least <= 1; {
		case !even:
			since = time.Time{}
		case since.IsZero():
			since = t
		}
	}
	return since
}

func runCold(ctx context.Context, b *Bench) ([]ColdRow, error) {
	rounds := map[string][]ColdRow{}
	for round := range pick(b, 1, 3) {
		b.Say("five replicas at once, five kinds; round %d", round+1)
		rows, err := inTurn(ctx, b, fleet.Options{Kinds: 5}, func(ctx context.Context, f *fleet.Fleet) (ColdRow, error) {
			return coldOnce(ctx, b, f)
		})
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			rounds[r.System] = append(rounds[r.System], r)
		}
	}
	var all []ColdRow
	for _, s := range b.Systems {
		all = append(all, coldRow(s.Name, rounds[s.Name]))
	}
	return all, nil
}

func coldOnce(ctx context.Context, b *Bench, f *fleet.Fleet) (ColdRow, error) {
	began := time.Now()
	if err := startEach(f, 5); err != nil {
		return ColdRow{}, err
	}
	if err := b.settle(ctx, f); err != nil {
		return ColdRow{}, err
	}
	all, err := f.Stretches()
	row := ColdRow{System: f.System.Name, Reconciled: reconciledAt(all, f.Kinds()).Sub(began).Seconds()}
	if balanced := balancedAt(all, f.Kinds(), f.Pods()); !balanced.IsZero() {
		row.Balanced = balanced.Sub(began).Seconds()
	}
	return row, err
}

// coldRow is the median of rounds; never balanced in one of them is never.
func coldRow(name string, rounds []ColdRow) ColdRow {
	var reconciled, balanced []float64
	for _, r := range rounds {
		reconciled, balanced = append(reconciled, r.Reconciled), append(balanced, r.Balanced)
	}
	row := ColdRow{System: name, Rounds: len(rounds), Reconciled: median(reconciled)}
	if !slices.Contains(balanced, 0) {
		row.Balanced = median(balanced)
	}
	return row
}

func coldTables(rows []ColdRow) []report.Table {
	t := report.Table{
		Title:   "Five replicas started at once, five kinds: from the start of the first process",
		Columns: []string{"system", "all kinds reconciled", "to Kindred", "no two replicas differ by more than one"},
		Note:    "At the median. A process takes its time to be loaded, the same for all.",
	}
	ours := 0.0
	for _, r := range rows {
		if r.System == system.Kindred {
			ours = r.Reconciled
		}
	}
	for _, r := range rows {
		balanced := "never"
		if r.Balanced > 0 {
			balanced = report.Seconds(r.Balanced)
		}
		t.Rows = append(t.Rows, []string{r.System, report.Seconds(r.Reconciled), report.Times(r.Reconciled, ours), balanced})
	}
	return []report.Table{t}
}
