package sim

import (
	"slices"
	"testing"
)

// TestCheckerCanFail breaks one rule at a time and wants the checker to find it
// within a bounded number of schedules, by one of the invariants that the rule
// protects. The honest shell passes the same seeds in TestSimulation.
func TestCheckerCanFail(t *testing.T) {
	for _, tc := range []struct {
		broken Broken
		within int
		rules  []string
	}{
		{ReleaseBeforeStop, 20, []string{"I2"}},
		{SafeUntilTooLong, 200, []string{"I1", "I3"}},
		{Oscillate, 20, []string{"I6", "reason"}},
		{NoCAS, 200, []string{"I1", "I3", "token"}},
		{StaleAsNewer, 300, []string{"reason"}},
		{NoGhosts, 200, []string{"I1", "I3"}},
		{ReuseToken, 20, []string{"token"}},
		{Unfenced, 200, []string{"I1", "I3"}},
		{FastClocks, 500, []string{"I1", "I3"}},
		{AnyOwnWrite, 1000, []string{"token"}},
		// Not a fault of the shell but the limit of every fence on the client's side.
		{Gap, 200, []string{"I1", "I3"}},
	} {
		t.Run(string(tc.broken), func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(tc.within) {
				_, v := Run(Options{Seed: seed + 1, Broken: tc.broken})
				if v == nil {
					continue
				}
				if !slices.Contains(tc.rules, v.Rule) {
					t.Fatalf("found as something else, want one of %v:\n%s", tc.rules, report(v, tc.broken))
				}
				t.Logf("found in schedule %d: %v", seed+1, v)
				return
			}
			t.Errorf("not found in %d schedules", tc.within)
		})
	}
}

// TestReplay: a seed gives the same run to the last line of its trace.
func TestReplay(t *testing.T) {
	for seed := range uint64(12) {
		var runs [2][]string
		for i := range runs {
			Run(Options{Seed: seed + 1, Trace: func(line string) { runs[i] = append(runs[i], line) }})
		}
		if len(runs[0]) < 100 {
			t.Errorf("seed %d: a trace of %d lines", seed+1, len(runs[0]))
		}
		if !slices.Equal(runs[0], runs[1]) {
			t.Errorf("seed %d: two runs differ", seed+1)
		}
	}
}

// TestTraceChangesNothing: a run without a trace is the run with it.
func TestTraceChangesNothing(t *testing.T) {
	for seed := range uint64(12) {
		quiet, _ := Run(Options{Seed: seed + 1})
		traced, _ := Run(Options{Seed: seed + 1, Trace: func(string) {}})
		if quiet.String() != traced.String() {
			t.Errorf("seed %d: without a trace\n%vwith\n%v", seed+1, quiet, traced)
		}
	}
}
