package doctor

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// checkTimings tells of replicas that have different lease durations, of durations that
// were edited, and of renewals that come too late for the duration.
func checkTimings(s *state) []Finding {
	return append(append(differing(s), edited(s)...), lateRenewals(s)...)
}

// differing: the replicas of a component should have one timing. It is safe when they do
// not, because a candidate waits for what the holder has written.
func differing(s *state) []Finding {
	var found []Finding
	for _, c := range s.components() {
		by := map[int32][]string{}
		for _, r := range s.replicas(c) {
			by[r.LeaseSeconds] = append(by[r.LeaseSeconds], r.Name)
		}
		if len(by) < 2 {
			continue
		}
		var parts []string
		for seconds, names := range by {
			parts = append(parts, fmt.Sprintf("%d s in %s", seconds, strings.Join(names, ", ")))
		}
		slices.Sort(parts)
		found = append(found, Finding{
			Severity: Warning, Where: c.String(),
			What: "its replicas have different lease durations: " + strings.Join(parts, "; ") + ". That is safe, but how long a crash lasts depends on who crashes. During a rollout that changes it, this is as it should be",
			Fix:  "give all replicas the same Timing",
		})
	}
	return found
}

// edited: an owner writes the duration anew with each renewal, so another one than its
// own stays only when the kind has a timing of its own, or nobody renews.
func edited(s *state) []Finding {
	var found []Finding
	for _, k := range s.after.Kinds {
		if k.Holder != "" && k.LeaseSeconds <= 0 {
			found = append(found, Finding{
				Severity: Error, Where: leaseWhere(k.Namespace, k.Lease),
				What: fmt.Sprintf("the Lease of %s has a holder and lasts %d s: plain electors take it at once, beside its holder", k.Name(), k.LeaseSeconds),
				Fix:  deleteLease(k.Namespace, k.Lease),
			})
		}
	}
	return found
}

// lateRenewals: client-go gives up after renewDeadline, two thirds of the duration by
// default. Both ends of an interval are the holder's own clock.
func lateRenewals(s *state) []Finding {
	type key struct{ namespace, lease, holder string }
	last, most, duration := map[key]time.Time{}, map[key]time.Duration{}, map[key]time.Duration{}
	for _, k := range s.before.Kinds {
		if k.Holder != "" && !k.Renewed.IsZero() {
			last[key{k.Namespace, k.Lease, k.Holder}] = k.Renewed.Time
		}
	}
	for _, k := range s.after.Kinds {
		duration[key{k.Namespace, k.Lease, k.Holder}] = time.Duration(k.LeaseSeconds) * time.Second
	}
	for _, r := range s.renewals {
		k := key{r.namespace, r.lease, r.holder}
		if before, known := last[k]; known {
			most[k] = max(most[k], r.renewed.Sub(before))
		}
		last[k] = r.renewed
	}
	var found []Finding
	for _, k := range s.after.Kinds {
		key := key{k.Namespace, k.Lease, k.Holder}
		if d := duration[key]; d <= 0 || most[key]*3 <= d*2 {
			continue
		}
		found = append(found, Finding{
			Severity: Warning, Where: leaseWhere(k.Namespace, k.Lease),
			What: fmt.Sprintf("%s renewed it %v after the time before, and it lasts %v: one late request more and the term ends", k.Owner, most[key].Round(100*time.Millisecond), duration[key]),
			Fix:  "look for a starved Pod, a slow API server or a rate limit; or make LeaseDuration longer and RetryPeriod shorter",
		})
	}
	return found
}
