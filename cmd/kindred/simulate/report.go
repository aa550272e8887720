package simulate

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/kindred-k8s/kindred/pkg/sim"
)

// document is the report in JSON. Durations are in seconds.
type document struct {
	Seed     uint64  `json:"seed"`
	Kinds    int     `json:"kinds"`
	Replicas int     `json:"replicas"`
	Hours    float64 `json:"hours"`
	Load     string  `json:"load"`
	Rollouts int     `json:"rollouts"`
	Crashes  int     `json:"crashes"`

	Moves               int     `json:"moves"`
	MovesPerKindRollout float64 `json:"movesPerKindAndRollout"`
	MostMovesInRollout  int     `json:"mostMovesOfAKindInARollout"`

	AfterHandover gaps `json:"withoutOwnerAfterHandover"`
	AfterCrash    gaps `json:"withoutOwnerAfterCrash"`

	Requests             map[string]int64 `json:"requests"`
	RequestsPerSecond    float64          `json:"requestsPerSecond"`
	WatchEvents          int64            `json:"watchEvents"`
	WatchEventsPerSecond float64          `json:"watchEventsPerSecond"`
	Plans                int64            `json:"plans"`
	SkippedHours         float64          `json:"skippedHours"`
}

type gaps struct {
	Times  int     `json:"times"`
	Total  float64 `json:"totalSeconds"`
	Median float64 `json:"medianSeconds"`
	P99    float64 `json:"p99Seconds"`
	Max    float64 `json:"maxSeconds"`
}

func gapsOf(times []time.Duration) gaps {
	s := sim.Sum(times)
	return gaps{s.Times, s.Total.Seconds(), s.Median.Seconds(), s.P99.Seconds(), s.Max.Seconds()}
}

func documentOf(r sim.Report) document {
	d := document{
		Seed: r.Day.Seed, Kinds: r.Day.Kinds, Replicas: r.Day.Replicas, Hours: r.Day.Length.Hours(), Load: string(r.Day.Load),
		Rollouts: r.Rollouts, Crashes: r.Crashes,
		Moves: r.Moves, MovesPerKindRollout: r.MovesInRollout.Mean, MostMovesInRollout: r.MovesInRollout.Most,
		AfterHandover: gapsOf(r.Handovers), AfterCrash: gapsOf(r.Crashed),
		Requests: r.Requests, WatchEvents: r.WatchEvents, Plans: r.Plans, SkippedHours: r.Leapt.Hours(),
	}
	var all int64
	for _, n := range r.Requests {
		all += n
	}
	d.RequestsPerSecond = float64(all) / r.Day.Length.Seconds()
	d.WatchEventsPerSecond = float64(r.WatchEvents) / r.Day.Length.Seconds()
	return d
}

func writeJSON(out io.Writer, r sim.Report) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(documentOf(r))
}

func writeText(out io.Writer, r sim.Report) error {
	d := documentOf(r)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(name, format string, args ...any) { fmt.Fprintf(w, name+"\t"+format+"\n", args...) }
	line("fleet", "%d kinds, %d replicas, %g hours, seed %d, load %s", d.Kinds, d.Replicas, d.Hours, d.Seed, d.Load)
	line("what happened", "%d rolling updates, %d crashes", d.Rollouts, d.Crashes)
	line("moves", "%d", d.Moves)
	if d.Rollouts > 0 {
		line("in a rolling update", "%.2f moves of each kind, at most %d", d.MovesPerKindRollout, d.MostMovesInRollout)
	}
	for _, g := range []struct {
		name  string
		times []time.Duration
	}{{"without an owner, handed over", r.Handovers}, {"without an owner, after a crash", r.Crashed}} {
		s := sim.Sum(g.times)
		ms := time.Millisecond
		line(g.name, "%d times, %v in all, median %v, p99 %v, max %v", s.Times, s.Total.Round(ms), s.Median.Round(ms), s.P99.Round(ms), s.Max.Round(ms))
	}
	line("requests", "%.1f a second", d.RequestsPerSecond)
	for _, verb := range slices.Sorted(maps.Keys(d.Requests)) {
		line("  "+verb, "%d", d.Requests[verb])
	}
	line("watch events", "%d, %.0f a second", d.WatchEvents, d.WatchEventsPerSecond)
	line("plans", "%d, %.1f a replica and hour", d.Plans, float64(d.Plans)/float64(d.Replicas)/d.Hours)
	line("skipped", "%.1f hours in which all only lived on, counted by their rates", d.SkippedHours)
	return w.Flush()
}
