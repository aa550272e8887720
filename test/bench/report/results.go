package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"time"
)

// Machine is what a run ran on. It does not name it.
type Machine struct {
	Cores  int    `json:"cores"`
	CPU    string `json:"cpu"`
	Memory string `json:"memory"`
	OS     string `json:"os"`
}

// Results are those of a run, or of several on one machine.
type Results struct {
	Machine Machine `json:"machine"`
	// Versions are of what was measured, by name.
	Versions     map[string]string `json:"versions"`
	Measurements map[string]Result `json:"measurements"`
}

// Result is that of one measurement.
type Result struct {
	At      time.Time `json:"at"`
	Seconds float64   `json:"seconds"`
	// Short says that the windows and the timings were those of a short run: such
	// numbers say nothing.
	Short bool            `json:"short,omitempty"`
	Data  json.RawMessage `json:"data"`
}

// ReadResults reads those of earlier runs at path; none when there is no file.
func ReadResults(path string) (Results, error) {
	r := Results{Measurements: map[string]Result{}}
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return r, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// Write writes the results to path.
func (r Results) Write(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// On notes what the run is on and what it measures. Results of another machine or of
// other versions must not stand beside those of this one.
func (r *Results) On(m Machine, versions map[string]string) error {
	if len(r.Measurements) > 0 && (r.Machine != m || !maps.Equal(r.Versions, versions)) {
		return fmt.Errorf("these results are of another machine or of other versions (%+v, %v; now %+v, %v): remove the file and measure everything", r.Machine, r.Versions, m, versions)
	}
	r.Machine, r.Versions = m, versions
	return nil
}
