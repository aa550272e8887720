package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kindred-k8s/kindred/test/bench/measure"
	"github.com/kindred-k8s/kindred/test/bench/report"
	"github.com/kindred-k8s/kindred/test/bench/system"
)

func TestChosen(t *testing.T) {
	all, err := options{}.chosen()
	if err != nil || len(all) != len(measure.All) {
		t.Errorf("by default %d of %d measurements: %v", len(all), len(measure.All), err)
	}
	some, err := options{only: "crash, idle"}.chosen()
	if err != nil || len(some) != 2 || some[0].Name != "crash" || some[1].Name != "idle" {
		t.Errorf("%v, %v", some, err)
	}
	if _, err := (options{only: "idle,crush"}).chosen(); err == nil || !strings.Contains(err.Error(), "crush") {
		t.Errorf("a measurement that there is not: %v", err)
	}
}

func TestShared(t *testing.T) {
	some, err := options{systems: system.Kindred}.shared()
	if err != nil || len(some) != 1 || some[0].Name != system.Kindred {
		t.Errorf("%v, %v", some, err)
	}
	if _, err := (options{systems: "Kindled"}).shared(); err == nil {
		t.Error("a system that there is not is measured")
	}
	for _, s := range system.All(true) {
		if s.Timing.LeaseDuration >= system.Kubernetes.LeaseDuration {
			t.Errorf("%s in a short run waits for %v", s.Name, s.Timing.LeaseDuration)
		}
	}
}

// TestPageHasAPlaceForEach: a whole run must not fail at its end.
func TestPageHasAPlaceForEach(t *testing.T) {
	o, err := options{docs: "../../docs"}.aside(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var sections []report.Section
	for _, m := range measure.All {
		sections = append(sections, report.Section{Name: m.Name, Tables: []report.Table{{Title: "of " + m.Name}}})
	}
	if err := report.Fill(filepath.Join(o.docs, pageName), imagesName, report.Results{}, sections); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(o.docs, pageName))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range measure.All {
		if !strings.Contains(string(page), "**of "+m.Name+"**") {
			t.Errorf("%s is not in the page", m.Name)
		}
	}
}

// TestHowLongItTakes: half an hour on two cores is what is promised, and a short run
// has its place in CI.
func TestHowLongItTakes(t *testing.T) {
	var full, quick time.Duration
	for _, m := range measure.All {
		full, quick = full+m.Takes, quick+m.Quick
	}
	if full > 35*time.Minute || quick > 75*time.Second {
		t.Errorf("a run takes %v, a short one %v", full, quick)
	}
}
