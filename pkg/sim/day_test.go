package sim

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// Noise alone moves nothing. Kinds weigh what is measured, and every ten seconds of it
// differ by up to a half, for hours.
func TestNoiseMovesNothing(t *testing.T) {
	for seed := range uint64(3) {
		r := runDay(t, Day{Seed: seed, Kinds: 20, Replicas: 4, Length: 4 * time.Hour, Load: Noise})
		// The weights are learned in the first minutes; what moves then is no noise.
		late := 0
		for _, s := range r.Spans {
			if s.From > 30*time.Minute {
				late++
			}
		}
		if late != 0 {
			t.Errorf("seed %d: noise has moved %d kinds in three and a half hours", seed, late)
		}
		t.Logf("seed %d: %d moves while the weights were learned, %d by noise", seed, r.Moves, late)
	}
}

// A change of load that lasts is evened out within minutes.
func TestLastingLoadRebalances(t *testing.T) {
	var after []time.Duration
	for seed := range uint64(3) {
		r := runDay(t, Day{Seed: seed, Kinds: 20, Replicas: 4, Length: 4 * time.Hour, Load: Shift})
		for _, s := range r.Spans {
			if s.From < 30*time.Minute {
				continue
			}
			after = append(after, s.From%time.Hour) // loads change on the hour
		}
	}
	s := Sum(after)
	t.Logf("%d moves in 10.5 hours, at the median %v after a load had changed, the latest %v", s.Times, s.Median.Round(time.Second), s.Max.Round(time.Second))
	if s.Times == 0 || s.Median > 10*time.Minute || s.Max > 20*time.Minute {
		t.Errorf("moves after the load had changed: %+v", s)
	}
}

// A day with all that can happen in it holds every invariant, and gives the same report
// again.
func TestDay(t *testing.T) {
	day := Day{Seed: 5, Kinds: 30, Replicas: 6, Length: 2 * time.Hour, Rollouts: 1, Crashes: 2, Load: Daily}
	first := runDay(t, day)
	if first.MovesInRollout.Most > 2 {
		t.Errorf("a rolling update has moved a kind %d times", first.MovesInRollout.Most)
	}
	if handed := Sum(first.Handovers); handed.Times < 30 || handed.Median > 100*time.Millisecond || handed.Max > 3*time.Second {
		t.Errorf("handovers %+v", handed)
	}
	if crashed := Sum(first.Crashed); crashed.Times == 0 || crashed.Max > 20*time.Second {
		t.Errorf("after crashes %+v", crashed)
	}
	again := runDay(t, day)
	if !slices.Equal(first.Spans, again.Spans) || first.WatchEvents != again.WatchEvents {
		t.Error("one seed gave two days")
	}
}

// Time that leaps changes nothing: no replica moves, expires or is asked for more.
func TestQuietDay(t *testing.T) {
	r := runDay(t, Day{Seed: 2, Kinds: 10, Replicas: 5, Length: 24 * time.Hour, Load: NoLoad})
	if r.Moves != 0 || len(r.Handovers) != 0 || len(r.Crashed) != 0 || len(r.Spans) != 10 {
		t.Errorf("in a day without anything %d kinds moved", r.Moves)
	}
	if r.Leapt < 23*time.Hour {
		t.Errorf("only %v were skipped", r.Leapt)
	}
	updates := (10.0/2 + 5.0/5) * r.Day.Length.Seconds()
	if got := float64(r.Requests["update"]); got < 0.95*updates || got > 1.05*updates {
		t.Errorf("%v updates, want about %v", got, updates)
	}
}

func runDay(t *testing.T, d Day) Report {
	t.Helper()
	r, err := RunDay(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestDayIsChecked(t *testing.T) {
	_, err := RunDay(t.Context(), Day{Length: time.Second, Load: "x", Rollouts: -1})
	for _, want := range []string{"kinds is 0", "replicas is 0", "rollouts is -1", "the length is 1s", `load is "x"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
}
