package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Stats is what was run.
type Stats struct {
	Schedules map[string]int // by class
	Virtual   time.Duration
	Lives     int // processes started
	Leaves    int // graceful ends
	Exits     int // processes that ended themselves over a stuck reconciler
	Campaigns int
	Terms     int // terms that reached a reconciler
	Handovers int // reconcilers that ended as they should, and another began
	Writes    int // let through by the fence
	Refused   int // by the fence
	Requests  int
	Lost      int // requests and answers that the network lost or kept
	Relists   int
	Steps     int // events given to a core
	Faults    map[string]int

	WatchBreaks int
	// Longest time without an owner: in calm schedules after the reconciler before
	// had returned, and in all after the faults had stopped.
	LongestHandover, LongestOwnerless time.Duration
	// SlowHandovers are those in calm schedules that took over a second.
	CalmHandovers, SlowHandovers int
	// LastMove is the latest move after the faults had stopped.
	LastMove time.Duration
}

func newStats(c class) Stats {
	return Stats{Schedules: map[string]int{string(c): 1}, Faults: map[string]int{}}
}

// Add adds other to s.
func (s *Stats) Add(other Stats) {
	if s.Schedules == nil {
		s.Schedules, s.Faults = map[string]int{}, map[string]int{}
	}
	for k, n := range other.Schedules {
		s.Schedules[k] += n
	}
	for k, n := range other.Faults {
		s.Faults[k] += n
	}
	s.Virtual += other.Virtual
	for _, f := range []struct{ sum, more *int }{
		{&s.Lives, &other.Lives}, {&s.Leaves, &other.Leaves}, {&s.Exits, &other.Exits},
		{&s.Campaigns, &other.Campaigns}, {&s.Terms, &other.Terms}, {&s.Handovers, &other.Handovers},
		{&s.Writes, &other.Writes}, {&s.Refused, &other.Refused}, {&s.Requests, &other.Requests},
		{&s.Lost, &other.Lost}, {&s.Relists, &other.Relists}, {&s.WatchBreaks, &other.WatchBreaks},
		{&s.Steps, &other.Steps}, {&s.CalmHandovers, &other.CalmHandovers}, {&s.SlowHandovers, &other.SlowHandovers},
	} {
		*f.sum += *f.more
	}
	s.LongestHandover = max(s.LongestHandover, other.LongestHandover)
	s.LongestOwnerless = max(s.LongestOwnerless, other.LongestOwnerless)
	s.LastMove = max(s.LastMove, other.LastMove)
}

func (s Stats) String() string {
	var b strings.Builder
	total := 0
	for _, n := range s.Schedules {
		total += n
	}
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("%d schedules (%s), %.1f virtual hours, %d steps of a core", total, counts(s.Schedules), s.Virtual.Hours(), s.Steps)
	line("%d processes, %d left, %d exited over a stuck reconciler", s.Lives, s.Leaves, s.Exits)
	line("%d campaigns, %d terms, %d hand-overs; work writes: %d let through, %d refused by the fence", s.Campaigns, s.Terms, s.Handovers, s.Writes, s.Refused)
	line("%d requests, %d lost or kept on the way, %d lists, %d broken watches", s.Requests, s.Lost, s.Relists, s.WatchBreaks)
	line("faults: %s", counts(s.Faults))
	line("longest hand-over without faults %v (%d of %d over a second); longest without an owner after the faults %v; last move %v after them",
		s.LongestHandover.Round(time.Millisecond), s.SlowHandovers, s.CalmHandovers, s.LongestOwnerless.Round(time.Millisecond), s.LastMove.Round(time.Millisecond))
	return b.String()
}

func counts(m map[string]int) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, fmt.Sprintf("%s %d", k, m[k]))
	}
	return strings.Join(parts, ", ")
}
