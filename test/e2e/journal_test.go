package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// line is one line of the journal: those of the sample operator, and exits, which
// the tests add when a process has ended.
type line struct {
	Time    int64  `json:"time"`
	Event   string `json:"event"` // start, stop or exit
	Kind    string `json:"kind,omitempty"`
	Replica string `json:"replica"`
	PID     int    `json:"pid"`
	Term    string `json:"term,omitempty"`
	Code    int    `json:"code,omitempty"` // of an exit; -1 for a signal
}

func (l line) at() time.Time { return time.Unix(0, l.Time) }

// journal is the file that all who reconcile a component's kinds append to. The
// order of its lines is the order in which they were written, whoever wrote them,
// so what it says does not depend on when it is read.
type journal struct {
	path string
	// errorf is told what must not be.
	errorf func(format string, args ...any)

	mu     sync.Mutex
	offset int64
	lines  []line
	// running is what each kind's reconciler wrote when it started.
	running map[string]line
	tokens  map[string]bool
}

func newJournal(t *testing.T, path string) *journal {
	return &journal{path: path, errorf: t.Errorf, running: map[string]line{}, tokens: map[string]bool{}}
}

// write appends a line with the time of now.
func (j *journal) write(l line) {
	l.Time = time.Now().UnixNano()
	text, err := json.Marshal(l)
	if err != nil {
		j.errorf("journal: %v", err)
		return
	}
	file, err := os.OpenFile(j.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		j.errorf("journal: %v", err)
		return
	}
	defer file.Close()
	if _, err := file.Write(append(text, '\n')); err != nil {
		j.errorf("journal: %v", err)
	}
}

// read takes in what is new and checks it. The lock must be held.
func (j *journal) read() {
	file, err := os.Open(j.path)
	if err != nil {
		if !os.IsNotExist(err) {
			j.errorf("journal: %v", err)
		}
		return
	}
	defer file.Close()
	content, err := io.ReadAll(io.NewSectionReader(file, j.offset, 1<<30))
	if err != nil {
		j.errorf("journal: %v", err)
		return
	}
	content = content[:bytes.LastIndexByte(content, '\n')+1]
	j.offset += int64(len(content))
	for text := range bytes.Lines(content) {
		var l line
		if err := json.Unmarshal(text, &l); err != nil {
			j.errorf("journal: %v in %q", err, text)
			continue
		}
		j.lines = append(j.lines, l)
		j.check(l)
	}
}

// check is the reason for the journal.
func (j *journal) check(l line) {
	switch l.Event {
	case "start":
		if other, busy := j.running[l.Kind]; busy {
			j.errorf("I1 broken: %s starts %s in term %s although %s, in term %s for %v, has not stopped",
				l.Replica, l.Kind, l.Term, other.Replica, other.Term, l.at().Sub(other.at()))
		}
		for shard, other := range j.running {
			// The objects of a kind are split in one way only at a time.
			was, is := lease.ParseShard(shard), lease.ParseShard(l.Kind)
			if was.Kind == is.Kind && was.Of != is.Of {
				j.errorf("I1 broken: %s starts %s although %s, of %s, has not stopped", l.Replica, l.Kind, shard, other.Replica)
			}
		}
		if l.Term != "" && j.tokens[l.Term] {
			j.errorf("%s starts %s in term %s: there has been a term with that token", l.Replica, l.Kind, l.Term)
		}
		j.tokens[l.Term] = true
		j.running[l.Kind] = l
	case "stop":
		if now := j.running[l.Kind]; now.PID != l.PID || now.Replica != l.Replica || now.Term != l.Term {
			j.errorf("%s stops %s in term %s, but %s runs it in term %q", l.Replica, l.Kind, l.Term, now.Replica, now.Term)
			return
		}
		delete(j.running, l.Kind)
	case "exit":
		for kind, now := range j.running {
			if now.PID != l.PID || now.Replica != l.Replica {
				continue
			}
			if l.Code == 0 {
				j.errorf("%s ended with exit code 0 while its reconciler of %s ran", l.Replica, kind)
			}
			delete(j.running, kind)
		}
	default:
		j.errorf("journal: unknown event in %+v", l)
	}
}

// now returns what runs, by kind.
func (j *journal) now() map[string]line {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.read()
	return maps.Clone(j.running)
}

// mark is a place in the journal: the end as it is now.
func (j *journal) mark() int { return len(j.since(0)) }

// since returns the lines after a mark.
func (j *journal) since(mark int) []line {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.read()
	return j.lines[mark:len(j.lines):len(j.lines)]
}

// starts returns how many reconcilers have started since a mark.
func (j *journal) starts(mark int) int {
	n := 0
	for _, l := range j.since(mark) {
		if l.Event == "start" {
			n++
		}
	}
	return n
}

// gaps returns how long kinds were without a reconciler since a mark, the longest
// time of each: from the stop, or the end of the process, to the next start.
func (j *journal) gaps(mark int) map[string]time.Duration {
	gaps, open, running := map[string]time.Duration{}, map[string]line{}, map[string]line{}
	for i, l := range j.since(0) {
		switch l.Event {
		case "start":
			if before, ok := open[l.Kind]; ok && i >= mark {
				gaps[l.Kind] = max(gaps[l.Kind], l.at().Sub(before.at()))
			}
			delete(open, l.Kind)
			running[l.Kind] = l
		case "stop":
			open[l.Kind] = l
			delete(running, l.Kind)
		case "exit":
			for kind, r := range running {
				if r.PID == l.PID && r.Replica == l.Replica {
					open[kind] = l
					delete(running, kind)
				}
			}
		}
	}
	return gaps
}
