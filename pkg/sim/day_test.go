package sim

import (
	"testing"
	"time"
)

func TestDayX(t *testing.T) {
	d := Day{Seed: 1, Kinds: 1000, Replicas: 100, Length: 40 * time.Minute, Rollouts: 1, Crashes: 1, Load: NoLoad}
	began := time.Now()
	r, err := RunDay(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%v: moves %d %+v, handovers %+v crashed %+v requests %v watch %d leapt %v plans %d spans %d", time.Since(began), r.Moves, r.MovesInRollout, Sum(r.Handovers), Sum(r.Crashed), r.Requests, r.WatchEvents, r.Leapt, r.Plans, len(r.Spans))
}
