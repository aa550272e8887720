package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// work is a reconciler made of a function.
type work func(ctx context.Context) error

func (w work) Run(ctx context.Context, _ lease.Term) error { return w(ctx) }
func (w work) Standby(context.Context) error               { return nil }

// read returns the journal's lines; every one must be whole.
func read(t *testing.T, path string) []entry {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var entries []entry
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var e entry
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatalf("line %q: %v", lines.Text(), err)
		}
		entries = append(entries, e)
	}
	return entries
}

func newJournal(t *testing.T, path, replica string) *journal {
	t.Helper()
	j, err := openJournal(path, replica)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.close() })
	return j
}

func TestJournalEnclosesTheWork(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	failure := errors.New("no luck")
	r := journaled{journal: newJournal(t, path, "operator-0"), StandbyReconciler: work(func(context.Context) error {
		if entries := read(t, path); len(entries) != 1 || entries[0].Event != eventStart {
			t.Errorf("while it works the journal holds %+v, want its start", entries)
		}
		return failure
	})}
	if err := r.Run(t.Context(), term(3)); !errors.Is(err, failure) {
		t.Errorf("Run returned %v, want the reconciler's error", err)
	}
	entries := read(t, path)
	if len(entries) != 2 {
		t.Fatalf("the journal holds %+v, want a start and a stop", entries)
	}
	for i, event := range []string{eventStart, eventStop} {
		want := entry{Time: entries[i].Time, Event: event, Kind: "Database.sample.kindred.dev", Replica: "operator-0", PID: os.Getpid(), Term: "uid/3"}
		if entries[i] != want || want.Time == 0 {
			t.Errorf("line %d is %+v, want %+v", i, entries[i], want)
		}
	}
	if entries[0].Time > entries[1].Time {
		t.Error("it stopped before it started")
	}
}

func TestJournalIsShared(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	const each = 200
	for _, replica := range []string{"operator-0", "operator-1", "operator-2"} {
		j := newJournal(t, path, replica)
		t.Run("", func(t *testing.T) {
			t.Parallel()
			for n := range each {
				if err := j.write(eventStart, term(n)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	t.Cleanup(func() {
		if n := len(read(t, path)); n != 3*each {
			t.Errorf("the journal holds %d lines, want %d", n, 3*each)
		}
	})
}

// A term that is not in the journal would be an overlap that nobody can find.
func TestNoWorkWithoutAJournalThatWorks(t *testing.T) {
	j := newJournal(t, filepath.Join(t.TempDir(), "journal"), "operator-0")
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
	r := journaled{journal: j, StandbyReconciler: work(func(context.Context) error { t.Error("it worked"); return nil })}
	if err := r.Run(t.Context(), term(1)); err == nil {
		t.Error("Run returned no error")
	}
}

func TestNoJournal(t *testing.T) {
	j, err := openJournal("", "operator-0")
	if err != nil {
		t.Fatal(err)
	}
	if err := (journaled{journal: j, StandbyReconciler: work(func(context.Context) error { return nil })}).Run(t.Context(), term(1)); err != nil {
		t.Error(err)
	}
}

func TestIgnoreCancel(t *testing.T) {
	for _, ignore := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		r := journaled{ignoreCancel: ignore, StandbyReconciler: work(func(ctx context.Context) error { return ctx.Err() })}
		if err := r.Run(ctx, term(1)); (err == nil) != ignore {
			t.Errorf("ignoreCancel %v: the work's context says %v", ignore, err)
		}
	}
}

// One kind as the coordinator runs it: a warm standby, then two terms.
func TestKindAsTheCoordinatorRunsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "journal")
		client := newClient(newDatabase())
		o, err := parse(t, pod, "--kinds=Database")
		if err != nil {
			t.Fatal(err)
		}
		kinds, err := o.kinds(client, newJournal(t, path, o.election.coordinator.PodName))
		if err != nil {
			t.Fatal(err)
		}
		reconciler := kinds[0].Reconciler.(journaled)
		reconciles := func() int64 {
			synctest.Wait()
			object, err := client.Resource(databases).Namespace(orders.Namespace).Get(t.Context(), orders.Name, metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			n, _, _ := unstructured.NestedInt64(object.Object, "status", "reconciles")
			return n
		}

		life, end := context.WithCancel(t.Context())
		standby := make(chan error)
		go func() { standby <- reconciler.Standby(life) }()
		if n := reconciles(); n != 0 {
			t.Errorf("a standby wrote %d statuses", n)
		}
		for n := range 2 {
			ctx, cancel := context.WithCancel(t.Context())
			run := make(chan error)
			go func() { run <- reconciler.Run(ctx, term(n)) }()
			if got := reconciles(); got != int64(n+1) {
				t.Errorf("term %d left status.reconciles at %d, want %d", n, got, n+1)
			}
			cancel()
			if err := <-run; err != nil {
				t.Error(err)
			}
		}
		end()
		if err := <-standby; err != nil {
			t.Error(err)
		}
		if entries := read(t, path); len(entries) != 4 {
			t.Errorf("the journal holds %+v, want two terms", entries)
		}
	})
}
