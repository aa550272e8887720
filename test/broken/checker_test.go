package broken

import (
	"testing"
	"time"
)

// TestChecker: the check sees what it is for.
func TestChecker(t *testing.T) {
	t.Parallel()
	start := time.Now()
	second := func(n float64) time.Time { return start.Add(time.Duration(n * float64(time.Second))) }
	// The n-th letter is the n-th write, sent in the n-th second: a to c are writers.
	// A digit before a letter is the term from there on.
	history := func(text string) []version {
		var all []version
		term := 0
		for _, r := range text {
			if r >= '0' && r <= '9' {
				term = int(r - '0')
				continue
			}
			n := len(all) + 1
			all = append(all, version{
				at: uint64(n), object: "o", writer: string(r), term: term, sent: second(float64(n)), seen: second(float64(n)),
			})
		}
		return all
	}
	for _, test := range []struct {
		name, text string
		want       counts
	}{
		{"nothing", "", counts{gap: 9 * time.Second}},
		{"one", "0aaaa", counts{}},
		{"one after the other", "0aa1bb2aa3cc", counts{}},
		{"one writer's terms", "0aa1aa2aa", counts{}},
		{"a late write", "0aa1bb0a1b", counts{backwards: 1, late: 1, overlapping: 1}},
		{"a late write at the end", "0aa1bb0a", counts{backwards: 1, late: 1, overlapping: 1}},
		{"a late write of one's own", "0aa1aa0a", counts{backwards: 1, late: 1}},
		{"late by two terms", "0aa1b2cc0a", counts{backwards: 1, late: 1, overlapping: 2}},
		{"two writers in turn", "0a1b0a1b0a", counts{backwards: 2, late: 2, overlapping: 1}},
		{"a term handed on", "0aa0bb", counts{shared: 1}},
		{"a term shared", "0abab", counts{shared: 1, overlapping: 1}},
		{"two terms shared", "0aabb1bbcc", counts{shared: 2}},
	} {
		all := history(test.text)
		got := check(all, start, second(9))
		if test.want.gap == 0 {
			test.want.gap = max(time.Second, 9*time.Second-time.Duration(len(all))*time.Second)
		}
		test.want.writes = len(all)
		if got != test.want {
			t.Errorf("%s: %q has %+v, want %+v", test.name, test.text, got, test.want)
		}
	}

	t.Run("held back", func(t *testing.T) {
		all := history("0aa1bb0a")
		all[4].sent = second(2.9) // the third, of b, was sent at 3
		if got := check(all, start, second(5)); got.backwards != 1 || got.late != 0 {
			t.Errorf("a write that was sent before the next term and landed in it: %+v", got)
		}
	})
	t.Run("gap", func(t *testing.T) {
		all := history("0aaa")
		all[1].seen, all[2].seen = second(1.5), second(5.25)
		for to, want := range map[float64]time.Duration{6: 3750 * time.Millisecond, 9.5: 4250 * time.Millisecond} {
			if got := check(all, start, second(to)).gap; got != want {
				t.Errorf("until %v: the longest gap is %v, want %v", to, got, want)
			}
		}
	})
}

// TestPromises: each promise is broken by what it is about.
func TestPromises(t *testing.T) {
	t.Parallel()
	heldBack, sentLate := counts{backwards: 1, overlapping: 1}, counts{backwards: 1, late: 1, overlapping: 1}
	for _, test := range []struct {
		name               string
		counts             counts
		all, unsent, terms bool
	}{
		{"nothing", counts{gap: time.Hour}, true, true, true},
		{"held back", heldBack, false, true, true},
		{"sent late", sentLate, false, false, true},
		{"backwards", counts{backwards: 1}, false, true, true},
		{"overlapping", counts{overlapping: 1}, false, true, true},
		{"a shared term", counts{shared: 1}, false, false, false},
	} {
		for p, want := range map[promise]bool{all: test.all, unsent: test.unsent, terms: test.terms} {
			if got := p.kept(test.counts); got != want {
				t.Errorf("%s: %q is kept: %v, want %v", test.name, p, got, want)
			}
		}
	}
}
