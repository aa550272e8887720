package broken

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

var updateTable = flag.Bool("update", false, "write the table of this run into docs/broken.md")

const (
	page       = "../../docs/broken.md"
	tableBegin = "<!-- the table of a run: go test ./test/broken -run TestBroken -update -->\n"
	tableEnd   = "<!-- end -->\n"
)

// row is what one scenario came to.
type row struct {
	scenario
	cells map[string]cell // by system
}

// cell is what it came to in one system.
type cell struct {
	counts
	exits int // processes that ended with exit code 75
}

func (c cell) String() string {
	text := fmt.Sprintf("%s (%.1f s", c.short(), c.gap.Round(100*time.Millisecond).Seconds())
	if c.exits > 0 {
		text += fmt.Sprintf(", %d ended", c.exits)
	}
	return text + ")"
}

// format returns the table in Markdown.
func format(rows []row) string {
	columns := []string{plain, kindred, policies}
	var b strings.Builder
	fmt.Fprintf(&b, "| what is broken | %s | asserted of %s |\n|%s\n", strings.Join(columns, " | "), kindred, strings.Repeat(" --- |", len(columns)+2))
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s |", r.name)
		for _, system := range columns {
			fmt.Fprintf(&b, " %v |", r.cells[system])
		}
		fmt.Fprintf(&b, " %s |\n", r.promise)
	}
	for _, r := range rows {
		for _, system := range []string{fenceAlone, noFence} {
			if c, ok := r.cells[system]; ok {
				fmt.Fprintf(&b, "\nControl, %s, in the row %q: %v\n", system, r.name, c)
			}
		}
	}
	return b.String()
}

// update writes the table of a whole run into the page, if asked to.
func update(t *testing.T, rows []row) {
	t.Helper()
	if !*updateTable {
		return
	}
	if t.Failed() || len(rows) != len(scenarios) {
		t.Fatalf("%s is left alone: this was not a whole run that passed", page)
	}
	old, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(old), tableBegin)
	_, after, ends := strings.Cut(rest, tableEnd)
	if !begins || !ends {
		t.Fatalf("%s has no place for the table: put the lines %q and %q into it", page, tableBegin, tableEnd)
	}
	if err := os.WriteFile(page, []byte(before+tableBegin+format(rows)+tableEnd+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
