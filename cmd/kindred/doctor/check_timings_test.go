package doctor

import (
	"testing"
	"time"
)

func TestTimings(t *testing.T) {
	long := member("b", "Cache Queue")
	lasting(60)(&long)
	want(t, checkTimings(stateOf(owned("Cache", "a"), member("a", "Cache Queue"), long)),
		"warning component op in namespace ns: its replicas have different lease durations: 15 s in a; 60 s in b")
	want(t, checkTimings(stateOf(owned("Cache", "a", lasting(0)), member("a", "Cache"))),
		"error Lease ns/op.cache.example.com: the Lease of Cache.example.com has a holder and lasts 0 s ... kubectl delete lease")
	old(time.Hour)(&long)
	want(t, checkTimings(stateOf(member("a", "Cache"), long))) // it is dead
}

// TestLateRenewals: an interval is by the holder's own clock, so an hour's difference to
// the reader's does not matter.
func TestLateRenewals(t *testing.T) {
	renewals := func(holder string, after ...time.Duration) *state {
		s := stateOf(owned("Cache", "a"), member("a", "Cache"))
		s.before.Kinds[0].Renewed.Time = now.Add(time.Hour)
		for _, d := range after {
			s.renewals = append(s.renewals, renewal{"ns", "op.cache.example.com", holder, now.Add(time.Hour + d), now})
		}
		return s
	}
	want(t, checkTimings(renewals("a_1", 2*time.Second, 4*time.Second)))
	want(t, checkTimings(renewals("a_1", 2*time.Second, 12*time.Second)))
	want(t, checkTimings(renewals("a_1", 2*time.Second, 13*time.Second)),
		"warning Lease ns/op.cache.example.com: a renewed it 11s after the time before, and it lasts 15s")
	want(t, checkTimings(renewals("b_1", 13*time.Second))) // another holder's, seen once
}
