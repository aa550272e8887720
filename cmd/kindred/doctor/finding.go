package doctor

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kindred-k8s/kindred/pkg/inspect"
)

// Severity says how much a finding matters.
type Severity string

const (
	// Error: something does not work, or is not safe.
	Error Severity = "error"
	// Warning: something works less well than it could, or may stop working.
	Warning Severity = "warning"
	// Info is worth knowing, and no reason to do anything. It does not count for the
	// exit code.
	Info Severity = "info"
)

var order = []Severity{Error, Warning, Info}

// Finding is one thing that a check has found.
type Finding struct {
	Check    string   `json:"check"`
	Severity Severity `json:"severity"`
	// What is wrong, Where (an object), and Fix, a command or what to do.
	What  string `json:"what"`
	Where string `json:"where"`
	Fix   string `json:"fix,omitempty"`
}

// Unseen is what could not be looked at.
type Unseen struct {
	Check string `json:"check"`
	Why   string `json:"why"`
	Fix   string `json:"fix,omitempty"`
}

// Report is the result.
type Report struct {
	Findings []Finding `json:"findings"`
	Unseen   []Unseen  `json:"unseen,omitempty"`
	// Checked are the checks that were made.
	Checked []string `json:"checked"`
	// Kinds and Replicas are how many were looked at.
	Kinds    int `json:"kinds"`
	Replicas int `json:"replicas"`
}

// Exit codes.
const (
	exitNothing  = 0
	exitFindings = 1
	exitUnseen   = 2
)

// exit is the exit code that the report is worth.
func (r Report) exit() int {
	for _, f := range r.Findings {
		if f.Severity != Info {
			return exitFindings
		}
	}
	if len(r.Unseen) > 0 {
		return exitUnseen
	}
	return exitNothing
}

// sort puts what matters first.
func (r Report) sort() {
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.Severity), slices.Index(order, b.Severity)),
			strings.Compare(a.Check, b.Check), strings.Compare(a.Where, b.Where))
	})
}

// write writes the report for people.
func (r Report) write(out io.Writer) error {
	text := &strings.Builder{}
	for _, f := range r.Findings {
		fmt.Fprintf(text, "%s [%s] %s\n", f.Severity, f.Check, inspect.Printable(f.Where))
		fmt.Fprintf(text, "    %s\n", inspect.Printable(f.What))
		if f.Fix != "" {
			fmt.Fprintf(text, "    fix: %s\n", inspect.Printable(f.Fix))
		}
	}
	for _, u := range r.Unseen {
		fmt.Fprintf(text, "not looked at [%s] %s\n", u.Check, inspect.Printable(u.Why))
		if u.Fix != "" {
			fmt.Fprintf(text, "    fix: %s\n", inspect.Printable(u.Fix))
		}
	}
	if text.Len() > 0 {
		text.WriteByte('\n')
	}
	counts := map[Severity]int{}
	for _, f := range r.Findings {
		counts[f.Severity]++
	}
	fmt.Fprintf(text, "%d kinds and %d replicas, %d checks: %d errors, %d warnings", r.Kinds, r.Replicas, len(r.Checked), counts[Error], counts[Warning])
	if n := len(r.Unseen); n > 0 {
		fmt.Fprintf(text, "; not looked at: %d", n)
	}
	text.WriteByte('\n')
	_, err := io.WriteString(out, text.String())
	return err
}
