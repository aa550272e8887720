package doctor

import (
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

func TestClocks(t *testing.T) {
	ahead := func(by time.Duration) func(*coordinationv1.Lease) {
		return func(l *coordinationv1.Lease) { l.Spec.RenewTime = ptr.To(metav1.NewMicroTime(now.Add(by))) }
	}
	clocked := func(here time.Duration, leases ...coordinationv1.Lease) *state {
		s := stateOf(leases...)
		s.clocked, s.ahead = true, here
		return s
	}
	want(t, checkClocks(clocked(0, owned("Cache", "a", ahead(8*time.Second)))),
		"info replica a_1: its clock is 8s ahead of the API server's ... Kindred compares no clocks")
	want(t, checkClocks(clocked(0, owned("Cache", "a", ahead(4*time.Second)))))
	// An old renewal is no sign of a slow clock. One that has just arrived is.
	s := clocked(0, owned("Cache", "a", old(time.Minute)))
	want(t, checkClocks(s))
	s.renewals = []renewal{{"ns", "op.cache.example.com", "a_1", now.Add(-time.Minute), now}}
	want(t, checkClocks(s), "info replica a_1: its clock is 1m0s behind the API server's")
	// This computer's clock is wrong, not the replicas'.
	s = clocked(time.Hour, owned("Cache", "a", ahead(-time.Hour)))
	s.renewals = []renewal{{"ns", "op.cache.example.com", "a_1", now.Add(-time.Hour), now}}
	want(t, checkClocks(s), `info this computer: its clock is 1h0m0s ahead of the API server's: "kindred owners" shows wrong ages`)
	s.clocked = false
	want(t, checkClocks(s))
}

func TestServerClock(t *testing.T) {
	c := serverClock{}
	if _, known := c.ahead(); known {
		t.Error("known before the first answer")
	}
	c.note("no date", now)
	c.note("Sun, 01 Mar 2026 11:59:50 GMT", now.Add(900*time.Millisecond))
	c.note("Sun, 01 Mar 2026 11:59:50 GMT", now)
	c.note("Sun, 01 Mar 2026 11:59:55 GMT", now.Add(5700*time.Millisecond))
	if ahead, known := c.ahead(); !known || ahead != 10*time.Second {
		t.Errorf("%v ahead, %v; want 10 s", ahead, known)
	}
}
