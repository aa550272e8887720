package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestNumbers(t *testing.T) {
	for got, want := range map[string]string{
		Number(0): "0", Number(319.84): "320", Number(8.66): "8.66", Number(31.08): "31.1", Number(0.034): "0.034",
		Seconds(0): "0", Seconds(0.0036): "3.60 ms", Seconds(15.74): "15.7 s", Seconds(11e-6): "11.0 µs", Seconds(5e-9): "5.00 ns", Seconds(-0.5): "-500 ms",
		Bytes(100): "100 B", Bytes(2048): "2.00 KiB", Bytes(3 << 20): "3.00 MiB",
		Times(3, 2): "1.50×", Times(3, 0): "–",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

var table = Table{Title: "T", Columns: []string{"system", "n"}, Rows: [][]string{{"a", "1"}, {"b", "22"}}, Note: "N."}

func TestTable(t *testing.T) {
	if err := table.Check(); err != nil {
		t.Error(err)
	}
	var b bytes.Buffer
	if err := table.Print(&b); err != nil {
		t.Fatal(err)
	}
	if want := "\nT\n  system   n\n  a        1\n  b        22\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
	b.Reset()
	table.Markdown(&b)
	if want := "**T**\n\n| system | n |\n| --- | --- |\n| a | 1 |\n| b | 22 |\n\nN.\n\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}

func TestTableThatIsNotWellFormed(t *testing.T) {
	for _, rows := range [][][]string{nil, {{"a"}}, {{"a", ""}}, {{"a", "NaN"}}, {{"a", "+Inf ms"}}, {{"a", "1|2"}}} {
		if err := (Table{Title: "T", Columns: []string{"system", "n"}, Rows: rows}).Check(); err == nil {
			t.Errorf("%q is said to be well formed", rows)
		}
	}
}

func TestPlotIsXML(t *testing.T) {
	names := Plot{File: "p.svg", Title: "P", Y: "seconds"}
	names.Add("a", "small", 1)
	names.Add("a", "large", 100)
	names.Add("b", "small", 0) // not there on an axis of powers
	lines := Plot{File: "l.svg", Title: "L", X: "n", Y: "seconds", Lines: true}
	lines.AddAt("a", 25, 0.1)
	lines.AddAt("a", 1000, 3)
	for _, p := range []Plot{names, lines} {
		path := filepath.Join(t.TempDir(), p.File)
		if err := p.Save(path); err != nil {
			t.Fatal(err)
		}
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		texts, decoder := 0, xml.NewDecoder(file)
		for {
			token, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", p.File, err)
			}
			if element, ok := token.(xml.StartElement); ok && element.Name.Local == "text" {
				texts++
			}
		}
		if texts == 0 {
			t.Errorf("%s has no text", p.File)
		}
	}
	if err := (Plot{File: "none.svg"}).Save(filepath.Join(t.TempDir(), "none.svg")); err == nil {
		t.Error("a plot of nothing was drawn")
	}
}

func TestFill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.md")
	page := "before\n" + begin("machine") + end + "between\n" + begin("idle") + "old\n" + end + "after\n"
	if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
	r := Results{Machine: Machine{2, "a CPU", "8 GiB", "linux 6"}, Versions: map[string]string{"Go": "go1.26"}}
	s := Section{Name: "idle", Result: Result{At: time.Unix(0, 0), Seconds: 5}, Tables: []Table{table}, Plots: []Plot{{File: "p.svg", Title: "P"}}}
	for range 2 { // again changes nothing
		if err := Fill(path, "images", r, []Section{s}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"before\n", "2 cores of a CPU, 8 GiB, linux 6. Go go1.26.\n<!-- end -->\nbetween\n",
		"Measured on 1 January 1970, 00:00 UTC, in 5 s.\n", "| b | 22 |\n", "![P](images/p.svg)\n\n<!-- end -->\nafter\n",
	} {
		if strings.Count(string(got), want) != 1 {
			t.Errorf("%q is not there once in:\n%s", want, got)
		}
	}
	s.Name = "other"
	if err := Fill(path, "images", r, []Section{s}); err == nil || !strings.Contains(err.Error(), `"other"`) {
		t.Errorf("a section without a place: %v", err)
	}
}

func TestResultsOfAnotherMachine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.json")
	r, err := ReadResults(path)
	if err != nil {
		t.Fatal(err)
	}
	m, versions := Machine{Cores: 2}, map[string]string{"Go": "1"}
	if err := r.On(m, versions); err != nil {
		t.Fatal(err)
	}
	r.Measurements["idle"] = Result{Data: json.RawMessage(`[1]`)}
	if err := r.Write(path); err != nil {
		t.Fatal(err)
	}
	if r, err = ReadResults(path); err != nil {
		t.Fatal(err)
	}
	if err := r.On(m, versions); err != nil {
		t.Errorf("the same machine and versions: %v", err)
	}
	if err := r.On(Machine{Cores: 4}, versions); err == nil {
		t.Error("results of two machines stand in one file")
	}
	if err := r.On(m, map[string]string{"Go": "2"}); err == nil {
		t.Error("results of two versions stand in one file")
	}
}
