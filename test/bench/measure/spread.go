package measure

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/kindred-k8s/kindred/test/bench/fleet"
	"github.com/kindred-k8s/kindred/test/bench/journal"
	"github.com/kindred-k8s/kindred/test/bench/report"
)

var spread = define(Measurement{
	Name: "spread", Title: "Who owns what after a start",
	Takes: time.Minute, Quick: 6 * time.Second,
}, runSpread, spreadTables, nil)

// SpreadRow is how many kinds the replicas own, most first.
type SpreadRow struct {
	System string `json:"system"`
	Owned  []int  `json:"owned"`
}

func spreadRow(name string, all []journal.Stretch, pods []string, now time.Time) SpreadRow {
	row := SpreadRow{System: name}
	for _, owned := range journal.Owned(all, pods, now) {
		row.Owned = append(row.Owned, owned)
	}
	slices.Sort(row.Owned)
	slices.Reverse(row.Owned)
	return row
}

func runSpread(ctx context.Context, b *Bench) ([]SpreadRow, error) {
	b.Say("five replicas, started 300 ms apart, share five kinds")
	return sideBySide(ctx, b, fleet.Options{Kinds: 5}, func(ctx context.Context, f *fleet.Fleet) (SpreadRow, error) {
		for range 5 {
			if _, err := f.Start(1); err != nil {
				return SpreadRow{}, err
			}
			if err := pause(ctx, 300*time.Millisecond); err != nil {
				return SpreadRow{}, err
			}
		}
		if err := b.settle(ctx, f); err != nil {
			return SpreadRow{}, err
		}
		all, err := f.Stretches()
		return spreadRow(f.System.Name, all, f.Pods(), time.Now()), err
	})
}

func spreadTables(rows []SpreadRow) []report.Table {
	t := report.Table{
		Title:   "Five kinds, five replicas started 300 ms apart: kinds owned by each, when all is still",
		Columns: []string{"system", "most", "least", "all five"},
	}
	for _, r := range rows {
		all := ""
		for _, n := range r.Owned {
			all += strconv.Itoa(n) + " "
		}
		most, least := slices.Max(r.Owned), slices.Min(r.Owned)
		t.Rows = append(t.Rows, []string{r.System, strconv.Itoa(most), strconv.Itoa(least), all[:len(all)-1]})
	}
	return []report.Table{t}
}
