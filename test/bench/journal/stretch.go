package journal

import (
	"slices"
	"time"
)

// Stretch is one unbroken run of a kind's reconciler on a replica.
type Stretch struct {
	Kind, Replica string
	From, To      time.Time // To is zero while it runs
}

// runs says whether it ran at t.
func (s Stretch) runs(t time.Time) bool {
	return !s.From.After(t) && (s.To.IsZero() || s.To.After(t))
}

// Stretches returns what ran when, in the order in which it began. The end of a
// process ends all that ran in it.
func Stretches(lines []Line) []Stretch {
	var all []Stretch
	for _, l := range lines {
		if l.Event == Start {
			all = append(all, Stretch{Kind: l.Kind, Replica: l.Replica, From: l.At})
			continue
		}
		for i := range all {
			s := &all[i]
			if s.To.IsZero() && s.Replica == l.Replica && (l.Event == Exit || s.Kind == l.Kind) {
				s.To = l.At
			}
		}
	}
	return all
}

// Running returns which replicas run each kind at t.
func Running(all []Stretch, t time.Time) map[string][]string {
	running := map[string][]string{}
	for _, s := range all {
		if s.runs(t) {
			running[s.Kind] = append(running[s.Kind], s.Replica)
		}
	}
	return running
}

// Owned returns how many kinds each replica of replicas runs at t.
func Owned(all []Stretch, replicas []string, t time.Time) map[string]int {
	owned := map[string]int{}
	for _, replica := range replicas {
		owned[replica] = 0
	}
	for _, s := range all {
		if _, asked := owned[s.Replica]; asked && s.runs(t) {
			owned[s.Replica]++
		}
	}
	return owned
}

// Moves returns how many reconcilers began after from.
func Moves(all []Stretch, from time.Time) int {
	moves := 0
	for _, s := range all {
		if s.From.After(from) {
			moves++
		}
	}
	return moves
}

// Coverage is how a kind was looked after in a while.
type Coverage struct {
	// Uncovered is for how long nobody was at work.
	Uncovered time.Duration
	// Overlaps is how often two began to be at work at once, Doubled for how long.
	Overlaps int
	Doubled  time.Duration
}

// Cover returns how a kind was looked after between from and to.
func Cover(all []Stretch, kind string, from, to time.Time) Coverage {
	type edge struct {
		at   time.Time
		step int
	}
	var edges []edge
	for _, s := range all {
		if s.Kind != kind || !s.From.Before(to) || (!s.To.IsZero() && !s.To.After(from)) {
			continue
		}
		begin, end := s.From, s.To
		if begin.Before(from) {
			begin = from
		}
		if end.IsZero() || end.After(to) {
			end = to
		}
		edges = append(edges, edge{begin, 1}, edge{end, -1})
	}
	// An end comes before a beginning at the same time: that is no overlap.
	slices.SortFunc(edges, func(a, b edge) int {
		if c := a.at.Compare(b.at); c != 0 {
			return c
		}
		return a.step - b.step
	})
	var c Coverage
	running, last := 0, from
	for _, e := range append(edges, edge{at: to}) {
		switch {
		case running == 0:
			c.Uncovered += e.at.Sub(last)
		case running > 1:
			c.Doubled += e.at.Sub(last)
		}
		if e.step > 0 && running == 1 {
			c.Overlaps++
		}
		running, last = running+e.step, e.at
	}
	return c
}

// Successor is who took a kind over, and how long after the end of the one before.
// After is negative when it began before that.
type Successor struct {
	Kind  string
	After time.Duration
}

// Successors returns, for each kind that replica ran at the time from, its next
// reconciler elsewhere. end is when the work of the one before counts as ended; nil
// is when its stretch ended.
func Successors(all []Stretch, replica string, from time.Time, end *time.Time) []Successor {
	var next []Successor
	for _, before := range all {
		if before.Replica != replica || !before.runs(from) {
			continue
		}
		for _, s := range all {
			if s.Kind != before.Kind || s.Replica == replica || !s.From.After(from) {
				continue
			}
			ended := before.To
			if end != nil {
				ended = *end
			}
			next = append(next, Successor{Kind: s.Kind, After: s.From.Sub(ended)})
			break
		}
	}
	return next
}
