package demo

import (
	"math"
	"strings"
	"testing"
	"time"
)

// FuzzParseRequest: a line is a request, nothing, or an error that says what can
// be typed, and a request is the same with other spaces and capital letters.
func FuzzParseRequest(f *testing.F) {
	for _, line := range []string{"", "add", "stop 2", "KILL replica-2", "stop", "stop 1 2", "q", "?", "kill \x1b[2J", "stop \u0130", "\u00a0add\u2003"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		r, err := parseRequest(line)
		if err != nil {
			if r != (request{}) || err.Error() == "" {
				t.Errorf("%q: %+v and %v", line, r, err)
			}
			return
		}
		words := 1
		if r.replica != "" {
			words = 2
		}
		if r.verb != "" && len(strings.Fields(line)) != words {
			t.Errorf("%q is %+v, and what is the rest?", line, r)
		}
		switch r.verb {
		case "":
			if strings.TrimSpace(line) != "" || r.replica != "" {
				t.Errorf("%q is nothing, and %+v", line, r)
			}
			return
		case add, help, quit:
			if r.replica != "" {
				t.Errorf("%q: %+v is about no replica", line, r)
			}
		case stop, kill:
			if !strings.HasPrefix(r.replica, namePrefix) {
				t.Errorf("%q is about %q, which is no replica's name", line, r.replica)
			}
		default:
			t.Errorf("%q: what is %+v?", line, r)
		}
		if again, err := parseRequest("  " + string(r.verb) + "\t" + r.replica + " "); err != nil || again != r {
			t.Errorf("%q is %+v, which is read as %+v, %v", line, r, again, err)
		}
	})
}

// FuzzOptions: a lease duration is refused, or the timings that follow from it are
// such as the replicas take.
func FuzzOptions(f *testing.F) {
	f.Add(int64(15*time.Second), 5, int64(0))
	f.Add(int64(3*time.Second), 1, int64(time.Minute))
	f.Add(int64(math.MaxInt64), maxReplicas, int64(math.MaxInt64))
	f.Add(int64(math.MaxInt32*time.Second), maxReplicas, int64(0))
	f.Add(int64(math.MinInt64), -1, int64(-1))
	f.Fuzz(func(t *testing.T, leaseDuration int64, replicas int, lasts int64) {
		o := Options{LeaseDuration: time.Duration(leaseDuration), Replicas: replicas, For: time.Duration(lasts), Namespace: "default", Output: formats[0]}
		if o.complete() != nil {
			return
		}
		timing := o.timing()
		if err := timing.WithDefaults().Validate(); err != nil || timing.WithDefaults() != timing {
			t.Errorf("%+v: the replicas refuse %+v, or use others: %v", o, timing, err)
		}
		if o.Replicas < 1 || o.Replicas > maxReplicas || o.For < 0 {
			t.Errorf("%+v is accepted", o)
		}
	})
}
