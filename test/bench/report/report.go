// Package report is what the benchmark says: tables, plots, the file of results, and
// the page in the documentation.
package report

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
)

// Table is a table of text.
type Table struct {
	Title   string
	Columns []string
	Rows    [][]string
	// Note is what is to be known of it; empty for nothing.
	Note string
}

// Print writes it for a terminal.
func (t Table) Print(w io.Writer) error {
	fmt.Fprintf(w, "\n%s\n", t.Title)
	columns := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	for _, row := range append([][]string{t.Columns}, t.Rows...) {
		fmt.Fprintln(columns, "  "+strings.Join(row, "\t"))
	}
	return columns.Flush()
}

// Markdown writes it for the documentation.
func (t Table) Markdown(w io.Writer) {
	fmt.Fprintf(w, "**%s**\n\n| %s |\n|%s\n", t.Title, strings.Join(t.Columns, " | "), strings.Repeat(" --- |", len(t.Columns)))
	for _, row := range t.Rows {
		fmt.Fprintf(w, "| %s |\n", strings.Join(row, " | "))
	}
	if t.Note != "" {
		fmt.Fprintf(w, "\n%s\n", t.Note)
	}
	fmt.Fprintln(w)
}

// Check says what is wrong with the form of the table.
func (t Table) Check() error {
	if t.Title == "" || len(t.Columns) < 2 || len(t.Rows) == 0 {
		return fmt.Errorf("table %q has %d columns and %d rows", t.Title, len(t.Columns), len(t.Rows))
	}
	for _, row := range t.Rows {
		if len(row) != len(t.Columns) {
			return fmt.Errorf("table %q: %d cells under %d columns in %q", t.Title, len(row), len(t.Columns), row)
		}
		for _, cell := range row {
			if cell == "" || strings.ContainsAny(cell, "|\n") || strings.Contains(cell, "NaN") || strings.Contains(cell, "Inf") {
				return fmt.Errorf("table %q: a cell says %q in %q", t.Title, cell, row)
			}
		}
	}
	return nil
}

// Number formats v with three digits that count.
func Number(v float64) string {
	switch a := math.Abs(v); {
	case a == 0:
		return "0"
	case a >= 100:
		return fmt.Sprintf("%.0f", v)
	case a >= 10:
		return fmt.Sprintf("%.1f", v)
	case a >= 0.1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.2g", v)
}

// Seconds formats a time in seconds.
func Seconds(v float64) string {
	switch a := math.Abs(v); {
	case a == 0:
		return "0"
	case a < 1e-6:
		return Number(v*1e9) + " ns"
	case a < 1e-3:
		return Number(v*1e6) + " µs"
	case a < 1:
		return Number(v*1e3) + " ms"
	}
	return Number(v) + " s"
}

// Bytes formats a size.
func Bytes(v float64) string {
	switch a := math.Abs(v); {
	case a < 1<<10:
		return Number(v) + " B"
	case a < 1<<20:
		return Number(v/(1<<10)) + " KiB"
	}
	return Number(v/(1<<20)) + " MiB"
}

// Times formats v as a multiple of one.
func Times(v, one float64) string {
	if one == 0 {
		return "–"
	}
	return Number(v/one) + "×"
}
