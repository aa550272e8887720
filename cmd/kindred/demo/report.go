package demo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/kindred-k8s/kindred/pkg/inspect"
)

// report is the final state, for a program to read: a snapshot without the
// replicas that are gone, and the verdict.
type report struct {
	*inspect.Snapshot
	// Balanced: every kind has one owner and the kinds are evenly spread. Wrong says
	// why not.
	Balanced bool     `json:"balanced"`
	Wrong    []string `json:"wrong"`
	// BalancedAfterSeconds is how long it took from the start, without building;
	// null if it never happened.
	BalancedAfterSeconds *float64 `json:"balancedAfterSeconds"`
}

func newReport(s *inspect.Snapshot, reasons []string, after time.Duration) report {
	lean := *s
	lean.Replicas = slices.DeleteFunc(slices.Clone(s.Replicas), inspect.Replica.Gone)
	r := report{Snapshot: &lean, Balanced: len(reasons) == 0, Wrong: reasons}
	if r.Wrong == nil {
		r.Wrong = []string{}
	}
	if after > 0 {
		value := float64(after.Milliseconds()) / 1000
		r.BalancedAfterSeconds = &value
	}
	return r
}

// writeJSON writes the report as one line.
func (r report) writeJSON(out io.Writer) error { return json.NewEncoder(out).Encode(r) }

// writeText writes the report for people.
func (r report) writeText(out io.Writer, elapsed time.Duration) error {
	text := &bytes.Buffer{}
	fmt.Fprintf(text, "\nafter %s:\n\n", seconds(elapsed))
	if err := r.WriteKinds(text, inspect.TableOptions{}); err != nil {
		return err
	}
	fmt.Fprintln(text)
	if err := r.WriteReplicas(text, inspect.TableOptions{}); err != nil {
		return err
	}
	fmt.Fprintln(text)
	if r.Balanced {
		fmt.Fprintln(text, "Every kind has one owner, and the kinds are evenly spread.")
	}
	for _, reason := range r.Wrong {
		fmt.Fprintln(text, "wrong:", inspect.Printable(reason))
	}
	_, err := text.WriteTo(out)
	return err
}

// lastWords is the end of a log file, for when the file is about to be removed.
func lastWords(path string) string {
	const most = 4 << 10
	raw, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	if len(raw) > most {
		raw = raw[len(raw)-most:]
		if i := bytes.IndexByte(raw, '\n'); i >= 0 {
			raw = raw[i+1:]
		}
	}
	return strings.TrimSpace(string(raw))
}
