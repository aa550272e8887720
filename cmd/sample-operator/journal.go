package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// journal is a file that several replicas append to when a reconciler starts and
// when it has stopped. Tests look in it for two reconcilers of one kind at once:
// one replica's start between another's start and stop. A process that was killed
// leaves a start without a stop; its work ended with it.
//
// A nil journal writes nothing.
type journal struct {
	file    *os.File
	replica string
}

// entry is one line of the journal.
type entry struct {
	// Time is in Unix nanoseconds.
	Time    int64  `json:"time"`
	Event   string `json:"event"`
	Kind    string `json:"kind"`
	Replica string `json:"replica"`
	PID     int    `json:"pid"`
	Term    string `json:"term"`
}

const (
	eventStart = "start"
	eventStop  = "stop"
)

func openJournal(path, replica string) (*journal, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening the journal: %w", err)
	}
	return &journal{file: file, replica: replica}, nil
}

// write appends one line with one write, which O_APPEND keeps whole however many
// processes write.
func (j *journal) write(event string, term lease.Term) error {
	if j == nil {
		return nil
	}
	line, err := json.Marshal(entry{
		Time:    time.Now().UnixNano(),
		Event:   event,
		Kind:    term.Shard.String(),
		Replica: j.replica,
		PID:     os.Getpid(),
		Term:    term.Token(),
	})
	if err == nil {
		_, err = j.file.Write(append(line, '\n'))
	}
	if err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	return nil
}

func (j *journal) close() error {
	if j == nil {
		return nil
	}
	return j.file.Close()
}

// journaled notes a reconciler's terms in the journal.
type journaled struct {
	coordinator.StandbyReconciler
	journal *journal
	// ignoreCancel makes Run go on when its context is cancelled, as a reconciler
	// with a bug would.
	ignoreCancel bool
	// finish is how long Run goes on when its context is cancelled, as one does that
	// finishes what is under way.
	finish time.Duration
}

// Run writes the start before any work and the stop after all of it. Neither is
// deferred: a panic must not look like a clean stop.
func (j journaled) Run(ctx context.Context, term lease.Term) error {
	if err := j.journal.write(eventStart, term); err != nil {
		return err
	}
	if j.ignoreCancel {
		ctx = context.WithoutCancel(ctx)
	}
	err := j.StandbyReconciler.Run(ctx, term)
	time.Sleep(j.finish)
	return errors.Join(err, j.journal.write(eventStop, term))
}
