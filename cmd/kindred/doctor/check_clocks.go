package doctor

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// clockLimit is from where a wrong clock is worth a word: the API server's Date header
// has whole seconds, and a renewal is some time on its way.
const clockLimit = 5 * time.Second

// checkClocks compares clocks with the API server's. Kindred compares none: they are
// only shown, so a wrong one is shown wrong and does no harm.
func checkClocks(s *state) []Finding {
	if !s.clocked {
		return nil
	}
	var found []Finding
	if s.ahead.Abs() > clockLimit {
		found = append(found, Finding{
			Severity: Info, Where: "this computer",
			What: fmt.Sprintf("its clock is %s the API server's: \"%s owners\" shows wrong ages and states here. Kindred itself compares no clocks", off(s.ahead), s.program),
			Fix:  "set the clock: timedatectl set-ntp true",
		})
	}
	worst := map[string]time.Duration{}
	judge := func(holder string, renewed, at time.Time, both bool) {
		skew := renewed.Sub(at.Add(-s.ahead))
		if (both || skew > 0) && skew.Abs() > max(clockLimit, worst[holder].Abs()) {
			worst[holder] = skew
		}
	}
	for _, r := range s.renewals {
		judge(r.holder, r.renewed, r.at, true) // it has just been written
	}
	for _, l := range s.leases {
		if l.Spec.HolderIdentity != nil && l.Spec.RenewTime != nil {
			judge(*l.Spec.HolderIdentity, l.Spec.RenewTime.Time, s.at, false)
		}
	}
	for holder, skew := range worst {
		found = append(found, Finding{
			Severity: Info, Where: "replica " + holder,
			What: fmt.Sprintf("its clock is %s the API server's: the times in its Leases are shown wrong. Kindred compares no clocks, so nothing else follows", off(skew)),
			Fix:  "set the clock of the node where it runs",
		})
	}
	slices.SortFunc(found, func(a, b Finding) int { return strings.Compare(a.Where, b.Where) })
	return found
}

func off(skew time.Duration) string {
	if skew < 0 {
		return fmt.Sprintf("%v behind", -skew.Round(time.Second))
	}
	return fmt.Sprintf("%v ahead of", skew.Round(time.Second))
}
