package sim

import (
	"maps"
	"slices"
	"time"
)

// Report is what a Day came to. Nothing of the warm-up is in it.
type Report struct {
	Day      Day
	Rollouts int // that were begun; one that would begin during another is left out
	Crashes  int
	// Moves is how often a kind has got another owner.
	Moves int
	// MovesInRollout are the moves of one kind in one rolling update.
	MovesInRollout Spread
	// Handovers are the times without a reconciler when an owner handed over, in the
	// order of time; Crashed those when its process had ended without a word.
	Handovers, Crashed []time.Duration
	// Requests are those of the Leases that reached the API server, by verb, and
	// WatchEvents the events that it sent to the replicas.
	Requests    map[string]int64
	WatchEvents int64
	// Leapt is the time in which nothing happened and which was not simulated event by
	// event; its requests are counted by their rates.
	Leapt time.Duration
	// Plans is how often a replica made a plan.
	Plans int64
	// Spans are who owned what, in the order of their ends.
	Spans []Span
}

// Spread is how often something happened to one of several.
type Spread struct {
	Mean float64
	Most int
}

// Span is one unbroken ownership of a kind, from and to the time since the warm-up.
type Span struct {
	Kind     int
	Replica  string
	From, To time.Duration
	// Revision counts the rolling updates before the replica was made.
	Revision int
}

// owning is a Span that goes on, and what came before it.
type owning struct {
	span    Span
	crashed bool // the owner before ended without a word
	moves   int  // when the rolling update began
}

// begin is the end of the warm-up.
func (y *day) begin() {
	y.begun = true
	y.report.WatchEvents, y.report.Leapt = 0, 0
	y.plans.asked = 0
	clear(y.w.store.requests)
}

// owned is called when a reconciler begins that is the only one of its kind.
func (y *day) owned(r *reconciler, s *shardTruth) {
	w, o := y.w, &y.owners[r.index]
	if gap := w.now - s.vacantSince; y.begun && s.hadOwner {
		if o.crashed {
			y.report.Crashed = append(y.report.Crashed, gap)
		} else {
			y.report.Handovers = append(y.report.Handovers, gap)
		}
		if o.span.Replica != r.p.pod.name {
			y.report.Moves++
		}
	}
	o.crashed = false
	o.span = Span{Kind: r.index, Replica: r.p.pod.name, Revision: r.p.pod.revision, From: max(w.now-warmUp, 0)}
}

// left is called when a kind has no reconciler any more.
func (y *day) left(r *reconciler) {
	o := &y.owners[r.index]
	o.crashed = !r.p.alive
	o.span.To = y.w.now - warmUp
	if o.span.To > 0 {
		y.report.Spans = append(y.report.Spans, o.span)
	}
}

// rollingFrom and rollingTo enclose a rolling update.
func (y *day) rollingFrom() {
	for i := range y.owners {
		y.owners[i].moves = y.w.check.shards[i].newest
	}
}

func (y *day) rollingTo() {
	for i := range y.owners {
		moves := y.w.check.shards[i].newest - y.owners[i].moves
		y.report.MovesInRollout.Mean += float64(moves)
		y.report.MovesInRollout.Most = max(y.report.MovesInRollout.Most, moves)
	}
	y.rolled++
}

func (y *day) finish() Report {
	r := &y.report
	r.Day, r.Plans = y.Day, y.plans.asked
	r.Requests = maps.Clone(y.w.store.requests)
	if y.rolled > 0 {
		r.MovesInRollout.Mean /= float64(y.rolled * y.Kinds)
	}
	for i, s := range y.w.check.shards {
		if !s.vacant {
			o := y.owners[i].span
			o.To = y.Length
			r.Spans = append(r.Spans, o)
		}
	}
	return *r
}

// WithoutOwner sums up times without a reconciler.
type WithoutOwner struct {
	Times                   int
	Total, Median, P99, Max time.Duration
}

// Sum returns the sum and the quantiles of times.
func Sum(times []time.Duration) WithoutOwner {
	sorted := slices.Sorted(slices.Values(times))
	s := WithoutOwner{Times: len(sorted)}
	if s.Times == 0 {
		return s
	}
	for _, t := range sorted {
		s.Total += t
	}
	at := func(percent int) time.Duration { return sorted[(len(sorted)-1)*percent/100] }
	s.Median, s.P99, s.Max = at(50), at(99), sorted[len(sorted)-1]
	return s
}
