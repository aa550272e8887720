package deploy

import (
	"maps"
	"strings"
	"testing"
)

func held(revision int64, pod, term string) Event {
	return Event{Revision: revision, Kind: "Queue", Pod: pod, Term: term}
}

func wrote(revision int64, pod, term string, writes int64) Event {
	return Event{Revision: revision, Kind: "Queue", Pod: pod, Term: term, Object: "mail", Writes: writes}
}

func TestCheck(t *testing.T) {
	for _, test := range []struct {
		name    string
		history History
		want    []string // parts of what is wrong, in order
	}{
		{"a handover", History{
			wrote(1, "a", "u/0", 1), held(2, "a", "u/0"), wrote(3, "a", "u/0", 2), held(4, "", "u/0"), held(5, "b", "u/1"), wrote(6, "b", "u/1", 3),
		}, nil},
		{"the order of watches does not matter", History{
			wrote(6, "b", "u/1", 2), held(5, "b", "u/1"), held(2, "a", "u/0"), wrote(3, "a", "u/0", 1),
		}, nil},
		{"a former owner writes", History{
			held(2, "a", "u/0"), held(5, "b", "u/1"), wrote(6, "b", "u/1", 1), wrote(7, "a", "u/0", 2),
		}, []string{`by a, term u/0, write 2; the Lease is held by "b"`}},
		{"a write after the release", History{held(2, "a", "u/0"), held(4, "", "u/0"), wrote(5, "a", "u/0", 1)}, []string{`held by ""`}},
		{"a write in an earlier term of the same Pod", History{held(2, "a", "u/2"), wrote(3, "a", "u/0", 1)}, []string{"in term u/2"}},
		{"a write that was not seen", History{held(1, "a", "u/0"), wrote(2, "a", "u/0", 1), wrote(4, "a", "u/0", 3)}, []string{"number 1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			wrong := test.history.Check()
			if len(wrong) != len(test.want) {
				t.Fatalf("wrong: %q, want %d", wrong, len(test.want))
			}
			for i, want := range test.want {
				if !strings.Contains(wrong[i], want) {
					t.Errorf("%q does not say %q", wrong[i], want)
				}
			}
		})
	}
}

func TestMoves(t *testing.T) {
	h := History{
		held(1, "a", "u/0"), held(2, "a", "u/0"), held(3, "", "u/0"), held(4, "b", "u/1"), held(6, "", "u/1"), held(7, "b", "u/1"), held(9, "c", "u/2"),
		{Revision: 8, Kind: "Topic", Pod: "c"},
	}
	for after, want := range map[int64]map[string]int{0: {"Queue": 2}, 4: {"Queue": 1}, 9: {}} {
		if got := h.Moves(after); !maps.Equal(got, want) {
			t.Errorf("after %d: %v, want %v", after, got, want)
		}
	}
	if got := h.Last(); got != 9 {
		t.Errorf("the last revision is %d", got)
	}
}
