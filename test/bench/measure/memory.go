package measure

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/kindred-k8s/kindred/test/bench/fleet"
	"github.com/kindred-k8s/kindred/test/bench/journal"
	"github.com/kindred-k8s/kindred/test/bench/replica"
	"github.com/kindred-k8s/kindred/test/bench/report"
	"github.com/kindred-k8s/kindred/test/bench/system"
)

var memory = define(Measurement{
	Name: "memory", Title: "Memory and goroutines of a kind",
	Takes: 2 * time.Minute, Quick: 10 * time.Second,
}, runMemory, memoryTables, nil)

// MemoryRow is what a kind more costs a replica that owns all kinds, and one beside it
// that owns none.
type MemoryRow struct {
	System string `json:"system"`
	// Owner says which of the two.
	Owner bool `json:"owner"`
	// Kinds is with how many the difference to one kind was taken.
	Kinds      int     `json:"kinds"`
	Heap       float64 `json:"heap"`
	Stacks     float64 `json:"stacks"`
	Goroutines float64 `json:"goroutines"`
	// RSS and HeapAll are the process's, with all kinds.
	RSS     float64 `json:"rss"`
	HeapAll float64 `json:"heapAll"`
}

// memoryRow computes what one kind costs from a process with one and one with many.
func memoryRow(name string, owner bool, kinds int, one, many replica.Report) MemoryRow {
	each := func(one, many float64) float64 { return (many - one) / float64(kinds-1) }
	return MemoryRow{
		System: name, Owner: owner, Kinds: kinds,
		Heap:       each(float64(one.HeapBytes), float64(many.HeapBytes)),
		Stacks:     each(float64(one.StackBytes), float64(many.StackBytes)),
		Goroutines: each(float64(one.Goroutines), float64(many.Goroutines)),
		RSS:        float64(many.RSSBytes), HeapAll: float64(many.HeapBytes),
	}
}

func runMemory(ctx context.Context, b *Bench) ([]MemoryRow, error) {
	kinds := pick(b, 21, 201)
	some := *b
	some.Systems = slices.DeleteFunc(slices.Clone(b.Systems), func(s system.System) bool {
		return s.Name == system.KnativeSlow // another timing needs no other memory
	})
	measured := map[int][][]replica.Report{}
	for _, n := range []int{1, kinds} {
		var err error
		measured[n], err = inTurn(ctx, &some, fleet.Options{Kinds: n}, func(ctx context.Context, f *fleet.Fleet) ([]replica.Report, error) {
			b.Say("two replicas of %s with %d kinds", f.System.Name, n)
			return memoryOf(ctx, b, f)
		})
		if err != nil {
			return nil, err
		}
	}
	var rows []MemoryRow
	for i, s := range some.Systems {
		one, many := measured[1][i], measured[kinds][i]
		for j := range one {
			rows = append(rows, memoryRow(s.Name, j == 0, kinds, one[j], many[j]))
		}
	}
	return rows, nil
}

// memoryOf returns the reports of one replica that owns every kind and of one that owns
// none. Kindred would share them, if the first could not carry so much more.
func memoryOf(ctx context.Context, b *Bench, f *fleet.Fleet) ([]replica.Report, error) {
	owner, err := f.Start(1, fleet.Capacity(1_000_000))
	if err != nil {
		return nil, err
	}
	started := func(all []journal.Stretch) error {
		if n := journal.Owned(all, owner.Pods, time.Now())[owner.Pods[0]]; n < len(f.Kinds()) {
			return fmt.Errorf("the first replica owns %d", n)
		}
		return nil
	}
	bounded, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	if err := f.Until(bounded, started); err != nil {
		return nil, err
	}
	standby, err := f.Start(1)
	if err != nil {
		return nil, err
	}
	if err := b.settle(ctx, f); err != nil {
		return nil, err
	}
	var both []replica.Report
	for _, p := range []*fleet.Process{owner, standby} {
		r, err := p.Report()
		if err != nil {
			return nil, err
		}
		both = append(both, r)
	}
	all, err := f.Stretches()
	if err != nil {
		return nil, err
	}
	return both, started(all)
}

func memoryTables(rows []MemoryRow) []report.Table {
	t := report.Table{
		Title:   fmt.Sprintf("What a kind more costs a replica: the difference between 1 and %d kinds, for each", rows[0].Kinds),
		Columns: []string{"replica", "system", "heap", "to Kindred", "stacks", "goroutines", "the whole heap", "the process, resident"},
		Note:    "The heap is what is in use after a collection. All systems are in one program, so that a process with none of them is as large.",
	}
	for _, owner := range []bool{true, false} {
		ours := rows[slices.IndexFunc(rows, func(r MemoryRow) bool { return r.System == system.Kindred && r.Owner == owner })]
		for _, r := range rows {
			if r.Owner != owner {
				continue
			}
			who := "owns none"
			if owner {
				who = "owns all"
			}
			t.Rows = append(t.Rows, []string{
				who, r.System, report.Bytes(r.Heap), report.Times(r.Heap, ours.Heap), report.Bytes(r.Stacks),
				report.Number(r.Goroutines), report.Bytes(r.HeapAll), report.Bytes(r.RSS),
			})
		}
	}
	return []report.Table{t}
}
