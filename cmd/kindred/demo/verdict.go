package demo

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindred-k8s/kindred/pkg/inspect"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// wrong says what keeps the fleet from being as it should: each of the kinds owned
// by one of the running replicas, all of them ready, and evenly spread. It knows
// more than the Leases do: which processes run.
func wrong(s *inspect.Snapshot, kinds []schema.GroupKind, running []string) []string {
	var reasons []string
	for _, kind := range kinds {
		found := false
		for _, k := range s.Kinds {
			if k.Kind != kind.Kind || k.Group != kind.Group {
				continue
			}
			found = true
			if k.State == inspect.Owned && !slices.Contains(running, k.Owner) {
				reasons = append(reasons, fmt.Sprintf("%s is held by %s, whose process has ended", k.Name(), k.Owner))
			}
		}
		if !found {
			reasons = append(reasons, fmt.Sprintf("%s has no owner and no Lease", kind))
		}
	}
	for _, name := range running {
		row := slices.IndexFunc(s.Replicas, func(r inspect.Replica) bool { return r.Name == name && r.Alive })
		switch {
		case row < 0:
			reasons = append(reasons, name+" runs and is not seen among the Leases")
		case s.Replicas[row].Phase != lease.Ready:
			reasons = append(reasons, fmt.Sprintf("%s is %s", name, s.Replicas[row].Phase))
		}
	}
	if len(running) == 0 {
		reasons = append(reasons, "no replica runs")
	}
	if len(s.Kinds) > 0 {
		reasons = append(reasons, s.Imbalance()...)
	}
	return append(reasons, s.Problems...)
}

// settling measures how long the fleet takes to be as it should.
type settling struct {
	// since is when it was disturbed, and why; first is the start of the demo.
	since time.Time
	why   string
	first bool
	ok    bool
}

// disturb notes that something was done to the fleet.
func (s *settling) disturb(why string, now time.Time) {
	if s.first {
		return // still starting
	}
	s.since, s.why, s.ok = now, why, false
}

// observe takes in whether it is as it should be. It returns a line to show when
// that has become so.
func (s *settling) observe(ok bool, now time.Time, start *stopwatch) string {
	switch {
	case s.ok && !ok:
		s.since, s.why, s.ok = now, "it was not", false
	case !s.ok && ok:
		s.ok = true
		took := seconds(now.Sub(s.since))
		if s.first {
			s.first = false
			start.done("election and balance", now)
			return fmt.Sprintf("balanced after %s (%s)", took, start)
		}
		return fmt.Sprintf("balanced again, %s after %s", took, s.why)
	}
	return ""
}
