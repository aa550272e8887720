package page

import (
	"fmt"
	"testing"
	"time"

	"github.com/kindred-k8s/kindred/pkg/inspect"
)

// said is a kind's spans in words.
func said(h *history, kind string, at time.Time) (text string) {
	for _, s := range h.spans(key{"ns", owned(kind, "").Name}, at) {
		text += fmt.Sprintf("%s %v, ", s.owner, s.to.Sub(s.from))
	}
	return text
}

func TestHistory(t *testing.T) {
	h := newHistory()
	h.see(snapshot(owned("Cache", "a_1"), owned("Queue", "")))
	h.add(change("Cache", "a_1", "", now.Add(10*time.Second)))
	h.add(change("Cache", "a_1", "b_1", now.Add(11*time.Second)))
	if got, want := said(h, "Cache", now.Add(time.Minute)), "a_1 10s, "+" 1s, "+"b_1 49s, "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := said(h, "Queue", now.Add(time.Minute)), " 1m0s, "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := said(h, "Disk", now); got != "" {
		t.Errorf("a kind that was never seen: %q", got)
	}
	// An hour later only the last owner is known.
	later := inspect.Build(nil, now.Add(2*time.Hour))
	h.see(later)
	if len(h.changes) > 0 || len(h.base) > 0 {
		t.Errorf("what is over is not forgotten: %+v", h)
	}
	h = newHistory()
	h.see(snapshot(owned("Cache", "a_1")))
	h.add(change("Cache", "a_1", "b_1", now.Add(time.Minute)))
	s := inspect.Build(nil, now.Add(90*time.Minute))
	s.Kinds = snapshot(owned("Cache", "b_1")).Kinds
	h.see(s)
	if got, want := said(h, "Cache", s.At.Time), "b_1 1h0m0s, "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestHistoryIsBounded: a kind that changes hands all the time does not fill the memory,
// and what is left is still true.
func TestHistoryIsBounded(t *testing.T) {
	h := newHistory()
	h.see(snapshot(owned("Cache", "r0_1")))
	last := ""
	at := now
	for i := range 3 * mostKept {
		at = at.Add(time.Millisecond)
		next := fmt.Sprintf("r%d_1", i)
		h.add(change("Cache", last, next, at))
		last = next
	}
	if len(h.changes) > mostKept {
		t.Errorf("%d changes are kept, want %d at most", len(h.changes), mostKept)
	}
	spans := h.spans(key{"ns", owned("Cache", "").Name}, at)
	if first := spans[0]; first.from != h.known || first.to.Sub(first.from) > time.Millisecond || spans[len(spans)-1].owner != last {
		t.Errorf("it begins with %+v and ends with %+v", first, spans[len(spans)-1])
	}
}

// TestColours: a replica keeps its colour, and two have different ones as long as there
// are enough.
func TestColours(t *testing.T) {
	h, c := newHistory(), newColours()
	s := snapshot(member(t, "a_1"), member(t, "b_1"), member(t, "c_1"))
	c.assign(s, h)
	a, b := c.get("a_1"), c.get("b_1")
	if a == b || b == c.get("c_1") {
		t.Errorf("colours %v", c.of)
	}
	c.assign(snapshot(member(t, "b_1"), member(t, "d_1")), h)
	if c.get("b_1") != b || len(c.of) != 2 {
		t.Errorf("colours %v, want %d for b_1 still", c.of, b)
	}
}
