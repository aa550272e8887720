// Package journal is what a fleet's reconcilers write down when they start and stop,
// all with the clock of one machine, and what follows from it.
package journal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"
)

// Event is what a line is about.
type Event string

const (
	// Start: the reconciler of a kind begins.
	Start Event = "start"
	// Stop: it has finished what it was at, and does nothing any more.
	Stop Event = "stop"
	// Exit: the process of the replica has ended, or was killed.
	Exit Event = "exit"
)

// Line is one line of a journal.
type Line struct {
	At      time.Time `json:"at"`
	Event   Event     `json:"event"`
	Kind    string    `json:"kind,omitempty"`
	Replica string    `json:"replica"`
}

// Append adds a line to the journal at path. Any number of processes may do so at
// once: a line is one write.
func Append(path string, l Line) error {
	text, err := json.Marshal(l)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.Write(append(text, '\n'))
	return err
}

// Read returns the whole lines of the journal at path in the order of their times.
// One that nobody has written to is empty.
func Read(path string) ([]Line, error) {
	raw, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	var lines []Line
	for text := range bytes.Lines(raw[:bytes.LastIndexByte(raw, '\n')+1]) {
		var l Line
		if err := json.Unmarshal(text, &l); err != nil {
			return nil, fmt.Errorf("%s: %q: %w", path, text, err)
		}
		lines = append(lines, l)
	}
	slices.SortStableFunc(lines, func(a, b Line) int { return a.At.Compare(b.At) })
	return lines, nil
}
