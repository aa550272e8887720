package main

import (
	"fmt"
	"path/filepath"

	"github.com/kindred-k8s/kindred/test/bench/measure"
	"github.com/kindred-k8s/kindred/test/bench/report"
)

// Names below the documentation.
const (
	pageName   = "benchmarks.md"
	imagesName = "images"
)

// show draws the plots of all results and fills the page with them.
func (o options) show(results report.Results) error {
	var sections []report.Section
	for _, m := range measure.All {
		result, measured := results.Measurements[m.Name]
		if !measured {
			continue
		}
		tables, plots, err := m.Show(result.Data)
		if err != nil {
			return err
		}
		for _, p := range plots {
			if err := p.Save(filepath.Join(o.docs, imagesName, p.File)); err != nil {
				return err
			}
		}
		sections = append(sections, report.Section{Name: m.Name, Result: result, Tables: tables, Plots: plots})
	}
	page := filepath.Join(o.docs, pageName)
	if err := report.Fill(page, imagesName, results, sections); err != nil {
		return err
	}
	fmt.Printf("\n%d measurements, in %s and %s\n", len(sections), o.results, page)
	return nil
}
