package journal

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var epoch = time.Unix(1000, 0).UTC()

func at(seconds float64) time.Time {
	return epoch.Add(time.Duration(seconds * float64(time.Second)))
}

// history: a runs X from 1 to 4 and Y from 1; b takes X at 3.5, before a has
// finished; a is killed at 10, c takes Y at 16, b stops X at 20.
var history = []Line{
	{at(1), Start, "X", "a"}, {at(1), Start, "Y", "a"},
	{at(3.5), Start, "X", "b"}, {at(4), Stop, "X", "a"},
	{at(10), Exit, "", "a"}, {at(16), Start, "Y", "c"}, {at(20), Stop, "X", "b"},
}

func TestReadIsInTheOrderOfTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	if lines, err := Read(path); err != nil || len(lines) != 0 {
		t.Errorf("a journal that is not there: %v, %v", lines, err)
	}
	for _, i := range []int{1, 0, 2, 3, 6, 5, 4} {
		if err := Append(path, history[i]); err != nil {
			t.Fatal(err)
		}
	}
	half, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer half.Close()
	if _, err := half.WriteString(`{"at":`); err != nil { // somebody is writing
		t.Fatal(err)
	}
	lines, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	want := append([]Line{history[1], history[0]}, history[2:]...)
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
}

func TestStretches(t *testing.T) {
	want := []Stretch{
		{"X", "a", at(1), at(4)}, {"Y", "a", at(1), at(10)},
		{"X", "b", at(3.5), at(20)}, {"Y", "c", at(16), time.Time{}},
	}
	if diff := cmp.Diff(want, Stretches(history)); diff != "" {
		t.Error(diff)
	}
}

func TestOwnedAndRunning(t *testing.T) {
	all := Stretches(history)
	if diff := cmp.Diff(map[string]int{"a": 1, "b": 1, "c": 0}, Owned(all, []string{"a", "b", "c"}, at(5))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string][]string{"X": {"a", "b"}, "Y": {"a"}}, Running(all, at(3.7))); diff != "" {
		t.Error(diff)
	}
	if n := Moves(all, at(2)); n != 2 {
		t.Errorf("%d moves after 2 s, want 2", n)
	}
}

func TestCover(t *testing.T) {
	all := Stretches(history)
	for _, c := range []struct {
		name     string
		kind     string
		from, to float64
		want     Coverage
	}{
		{"an overlap", "X", 2, 10, Coverage{Overlaps: 1, Doubled: 500 * time.Millisecond}},
		{"an overlap that had begun", "X", 3.75, 10, Coverage{Overlaps: 1, Doubled: 250 * time.Millisecond}},
		{"a gap", "Y", 2, 30, Coverage{Uncovered: 6 * time.Second}},
		{"a gap that goes on", "Y", 2, 12, Coverage{Uncovered: 2 * time.Second}},
		{"a gap at the end", "X", 5, 22, Coverage{Uncovered: 2 * time.Second}},
		{"nothing at all", "Z", 5, 6, Coverage{Uncovered: time.Second}},
	} {
		if got := Cover(all, c.kind, at(c.from), at(c.to)); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// TestCoverOfOneAfterTheOther: an end and a beginning at one time are a handover.
func TestCoverOfOneAfterTheOther(t *testing.T) {
	all := []Stretch{{"X", "b", at(2), at(4)}, {"X", "a", at(1), at(2)}}
	if got := Cover(all, "X", at(1), at(4)); got != (Coverage{}) {
		t.Errorf("%+v, want nothing", got)
	}
}

func TestSuccessors(t *testing.T) {
	all := Stretches(history)
	if diff := cmp.Diff([]Successor{{"X", -500 * time.Millisecond}, {"Y", 6 * time.Second}}, Successors(all, "a", at(2), nil)); diff != "" {
		t.Error(diff)
	}
	cut := at(8)
	if diff := cmp.Diff([]Successor{{"Y", 8 * time.Second}}, Successors(all, "a", at(5), &cut)); diff != "" {
		t.Error(diff)
	}
}
