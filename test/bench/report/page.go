package report

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Section is what one measurement adds to the page.
type Section struct {
	// Name is of the measurement, and of its place in the page.
	Name   string
	Result Result
	Tables []Table
	Plots  []Plot
}

// Markers of a section in the page.
func begin(name string) string { return "<!-- measured: " + name + " -->\n" }

const end = "<!-- end -->\n"

// Fill puts what is measured into the page at path, between the markers of each
// section, and the machine between its own. All else is written by people.
func Fill(path, images string, r Results, sections []Section) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	page, err := place(string(raw), "machine", r.describe())
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, s := range sections {
		var b bytes.Buffer
		fmt.Fprintf(&b, "Measured on %s, in %s.\n\n", s.Result.At.UTC().Format("2 January 2006, 15:04 UTC"), took(s.Result.Seconds))
		for _, t := range s.Tables {
			t.Markdown(&b)
		}
		for _, p := range s.Plots {
			fmt.Fprintf(&b, "![%s](%s/%s)\n\n", p.Title, images, p.File)
		}
		if page, err = place(page, s.Name, b.String()); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return os.WriteFile(path, []byte(page), 0o644)
}

func took(seconds float64) string {
	if seconds < 100 {
		return fmt.Sprintf("%.0f s", seconds)
	}
	return fmt.Sprintf("%.0f minutes", seconds/60)
}

func place(page, name, text string) (string, error) {
	before, rest, begins := strings.Cut(page, begin(name))
	_, after, ends := strings.Cut(rest, end)
	if !begins || !ends {
		return "", fmt.Errorf("it has no place for %q: put the lines %q and %q into it", name, begin(name), end)
	}
	return before + begin(name) + text + end + after, nil
}

// describe says on what it ran, and what.
func (r Results) describe() string {
	var versions []string
	for name, version := range r.Versions {
		versions = append(versions, name+" "+version)
	}
	slices.Sort(versions)
	return fmt.Sprintf("%d cores of %s, %s, %s. %s.\n", r.Machine.Cores, r.Machine.CPU, r.Machine.Memory, r.Machine.OS, strings.Join(versions, ", "))
}
