package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// TestChecker: the journal's check sees what it is for.
func TestChecker(t *testing.T) {
	t.Parallel()
	start := func(replica string, pid int, term string) line {
		return line{Event: "start", Kind: database, Replica: replica, PID: pid, Term: term}
	}
	stop := func(l line) line { l.Event = "stop"; return l }
	exit := func(l line, code int) line { return line{Event: "exit", Replica: l.Replica, PID: l.PID, Code: code} }
	a, b := start("a", 1, "u/0"), start("b", 2, "u/1")
	for name, test := range map[string]struct {
		lines []line
		want  string // of what it says; empty for nothing
	}{
		"one after the other":           {[]line{a, stop(a), b, stop(b), exit(a, 0), exit(b, 0)}, ""},
		"after a kill":                  {[]line{a, exit(a, -1), b, stop(b)}, ""},
		"after the end of a stuck one":  {[]line{a, exit(a, 75), b, stop(b)}, ""},
		"another kind":                  {[]line{a, {Event: "start", Kind: "Queue", Replica: "b", PID: 2, Term: "v/0"}}, ""},
		"two at once":                   {[]line{a, b}, "I1 broken"},
		"two at once, a kill too late":  {[]line{a, b, exit(a, -1)}, "I1 broken"},
		"the same replica twice":        {[]line{a, start("a", 1, "u/1")}, "I1 broken"},
		"its namesake's end":            {[]line{a, exit(line{Replica: "a", PID: 7}, -1), b}, "I1 broken"},
		"a token used twice":            {[]line{a, stop(a), start("b", 2, "u/0")}, "there has been a term with that token"},
		"a stop of what was not begun":  {[]line{stop(a)}, "stops"},
		"a good end with work under it": {[]line{a, exit(a, 0)}, "exit code 0"},
		"an event that nobody writes":   {[]line{{Event: "pause", Kind: database}}, "unknown event"},
	} {
		var said []string
		j := newJournal(t, filepath.Join(t.TempDir(), "journal"))
		j.errorf = func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
		for _, l := range test.lines {
			j.write(l)
		}
		j.now()
		if all := strings.Join(said, "\n"); (all == "") != (test.want == "") || !strings.Contains(all, test.want) {
			t.Errorf("%s: it says %q, want %q", name, all, test.want)
		}
	}
}
