package lease_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// FuzzDecodeMember: an annotation is refused, or read in a canonical form: it is
// written and read again as the same, and the plan can count with it.
func FuzzDecodeMember(f *testing.F) {
	f.Add("a_1", `{"instance":"i","phase":"ready","capacity":1,"serves":[{"shard":"A.b","weight":1}]}`)
	f.Add("a_1", `{"serves":null}`)
	f.Add("", "")
	f.Add("a\x1b[2J", `null`)
	f.Add("a_1", `{"capacity":-5,"serves":[{"weight":-9223372036854775808},{"shard":"\ud800"}]}`)
	f.Add("a_1", `{"phase":"ready","phase":"draining","PHASE":"starting"}`)
	f.Add("a_1", `{"capacity":NaN}`)
	f.Add(strings.Repeat("x", 200_000), `{`)
	f.Add("a_1", `{"capacity":1e400}`)
	f.Add("a_1", `{"capacity":"1","serves":{"shard":"A.b"}}`)
	f.Add("a_1", strings.Repeat("[", 20_000))
	f.Add("a_1", `{"x":`+strings.Repeat(`{"x":`, 9_000)+"1"+strings.Repeat("}", 9_001))
	f.Fuzz(func(t *testing.T, identity, text string) {
		m, err := lease.DecodeMember(identity, text)
		again, againErr := lease.DecodeMember(identity, text)
		if diff := cmp.Diff(m, again); diff != "" || (err == nil) != (againErr == nil) {
			t.Fatalf("another answer the second time: %v, %v: %s", err, againErr, diff)
		}
		if err != nil {
			if !strings.Contains(err.Error(), lease.AnnotationMember) || len(err.Error()) > 1000 {
				t.Errorf("the error does not say which annotation, or says too much: %v", err)
			}
			return
		}
		if m.Identity != identity || m.Capacity < 1 {
			t.Errorf("identity %q, capacity %d", m.Identity, m.Capacity)
		}
		if m.Phase != lease.Starting && m.Phase != lease.Ready && m.Phase != lease.Draining {
			t.Errorf("phase %q", m.Phase)
		}
		for _, s := range m.Serves {
			if s.Weight < 1 {
				t.Errorf("weight %d", s.Weight)
			}
		}
		written, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		read, err := lease.DecodeMember(identity, written)
		if diff := cmp.Diff(m, read); err != nil || diff != "" {
			t.Errorf("it reads back otherwise: %v %s", err, diff)
		}
	})
}

// FuzzJudge: whatever is in a Lease, its time runs out after the seconds that it
// says, and a member's no later than BoundedWait.
func FuzzJudge(f *testing.F) {
	f.Add("a", int32(15), uint32(15), int64(0))
	f.Add("a", int32(math.MaxInt32), uint32(math.MaxInt32), int64(math.MaxInt64))
	f.Add("a", int32(math.MinInt32), uint32(1), int64(math.MinInt64))
	f.Add("", int32(0), uint32(0), int64(1))
	f.Fuzz(func(t *testing.T, holder string, seconds int32, ownSeconds uint32, age int64) {
		own := time.Duration(max(ownSeconds&math.MaxInt32, 1)) * time.Second
		written := time.Duration(seconds) * time.Second
		since := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		now := since.Add(time.Duration(age))
		seen := &lease.Observation{Record: lease.Record{Holder: holder, Duration: written}, Since: since}

		want := written
		if seconds <= 0 {
			want = own
		}
		if got := lease.ExpiresAt(seen, own).Sub(since); got != want {
			t.Errorf("%v for a reader with %v: expires after %v", written, own, got)
		}
		state := lease.Held
		if holder == "" {
			state = lease.Vacant
		} else if age >= int64(want) {
			state = lease.Expired
		}
		if got := lease.Judge(seen, own, now); got != state {
			t.Errorf("%v for a reader with %v, %v old: %v, want %v", written, own, time.Duration(age), got, state)
		}
		member := lease.MemberObservation{Duration: written, Since: since}
		wait := member.ExpiresAt(own).Sub(since)
		if wait <= 0 || wait > want || wait > max(own, 10*time.Minute) || wait < min(want, own) {
			t.Errorf("a member with %v is believed for %v by a reader with %v", written, wait, own)
		}
		if member.Alive(own, now) != (age < int64(wait)) {
			t.Errorf("a member that is believed for %v is judged otherwise %v later", wait, time.Duration(age))
		}
	})
}

// FuzzTiming: what is valid keeps the order in which a term ends, and client-go
// takes it.
func FuzzTiming(f *testing.F) {
	f.Add(int64(0), int64(0), int64(0))
	f.Add(int64(15*time.Second), int64(10*time.Second), int64(2*time.Second))
	f.Add(int64(15*time.Second), int64(10*time.Second), int64(math.MaxInt64)) // times 1.2 is less than zero
	f.Add(int64(1<<31*time.Second), int64(10*time.Second), int64(time.Second))
	f.Add(int64(math.MaxInt32*time.Second), int64(64*365*24*time.Hour), int64(50*365*24*time.Hour))
	f.Add(int64(math.MaxInt64), int64(math.MaxInt64), int64(math.MinInt64))
	f.Fuzz(func(t *testing.T, leaseDuration, renewDeadline, retryPeriod int64) {
		timing := lease.Timing{
			LeaseDuration: time.Duration(leaseDuration), RenewDeadline: time.Duration(renewDeadline), RetryPeriod: time.Duration(retryPeriod),
		}.WithDefaults()
		if timing.WithDefaults() != timing {
			t.Errorf("%+v: the defaults change what has them", timing)
		}
		if timing.Validate() != nil {
			return
		}
		written := int32(timing.LeaseDuration / time.Second)
		if time.Duration(written)*time.Second != timing.LeaseDuration {
			t.Errorf("%v is written as %d seconds", timing.LeaseDuration, written)
		}
		if timing.RenewDeadline <= time.Duration(1.2*float64(timing.RetryPeriod)) {
			t.Errorf("%+v: client-go refuses that", timing)
		}
		sent := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		acts := timing.SafeUntil(sent).Sub(sent)
		if !(0 < timing.RetryPeriod && timing.RetryPeriod < timing.RenewDeadline && timing.RenewDeadline < acts && acts < timing.LeaseDuration) {
			t.Errorf("%+v: the order of retry, renew deadline, safe-until (%v) and expiry is wrong", timing, acts)
		}
		if timing.RequestTimeout() <= 0 || timing.Heartbeat() <= 0 || timing.Margin() <= 0 {
			t.Errorf("%+v: request timeout %v, heartbeat %v, margin %v", timing, timing.RequestTimeout(), timing.Heartbeat(), timing.Margin())
		}
	})
}

// FuzzNewer: no version is later than itself, and of two at most one is, unless
// one of them is no version at all.
func FuzzNewer(f *testing.F) {
	f.Add("10", "9")
	f.Add("", "0")
	f.Add("9", "9")
	f.Add("123456789012345678901234567890", "99")
	f.Add("007", "7")
	f.Add("-1", "1")
	f.Fuzz(func(t *testing.T, a, b string) {
		version := func(s string) bool { return s == "" || strings.Trim(s, "0123456789") == "" && s[0] != '0' }
		if !version(a) || !version(b) {
			if a != "" && b != "" && !lease.Newer(a, b) && !lease.Newer(b, a) {
				t.Errorf("%q and %q: one is no version, and neither is looked at", a, b)
			}
			return
		}
		shorter := len(a) < len(b) || len(a) == len(b) && a < b
		if lease.Newer(b, a) != shorter || lease.Newer(a, b) != (a != b && !shorter) {
			t.Errorf("%q and %q: newer are %v and %v", a, b, lease.Newer(a, b), lease.Newer(b, a))
		}
	})
}
