package broken

import (
	"fmt"
	"time"
)

// version is one state of one object: one write.
type version struct {
	// at is its resourceVersion. Those of all objects of a kind are one order.
	at             uint64
	object, writer string
	// term is the number of the term in which it was written.
	term int
	// sent is when the writer was about to send it, and seen when the history learned
	// of it. One machine's clock.
	sent, seen time.Time
}

// counts are what a history of one kind in one system has of what must not be.
type counts struct {
	// backwards are the writes of a term after a write of a later one.
	backwards int
	// late are those of them that were also sent after the later term's first write
	// was sent. The others were held back on their way.
	late int
	// shared are the terms with two writers.
	shared int
	// overlapping are the pairs of two writers' terms of which each began before the
	// other had ended.
	overlapping int
	// gap is the longest time without a write.
	gap time.Duration
	// writes are all there were.
	writes int
}

// short is what the table has of them.
func (c counts) short() string {
	return fmt.Sprintf("%d / %d / %d", c.backwards, c.shared, c.overlapping)
}

// and adds those of another kind.
func (c counts) and(other counts) counts {
	return counts{
		backwards: c.backwards + other.backwards, late: c.late + other.late,
		shared: c.shared + other.shared, overlapping: c.overlapping + other.overlapping,
		gap: max(c.gap, other.gap), writes: c.writes + other.writes,
	}
}

// tenure is what one writer wrote in one term.
type tenure struct {
	writer string
	term   int
}

// span is a tenure's first and last write, by their places in the history.
type span struct{ first, last int }

// check judges a history, which is in the order of at, as seen between two times.
func check(history []version, from, to time.Time) counts {
	c := counts{writes: len(history)}
	began := map[int]time.Time{} // when the first write of a term was sent
	spans := map[tenure]span{}
	writers := map[int]map[string]bool{}
	last := from
	for i, v := range history {
		late, backwards := false, false
		for term, sent := range began {
			if term > v.term {
				backwards = true
				late = late || v.sent.After(sent)
			}
		}
		if backwards {
			c.backwards++
		}
		if late {
			c.late++
		}
		if _, known := began[v.term]; !known {
			began[v.term], writers[v.term] = v.sent, map[string]bool{}
		}
		writers[v.term][v.writer] = true
		t := tenure{v.writer, v.term}
		s, known := spans[t]
		if !known {
			s.first = i
		}
		s.last = i
		spans[t] = s
		c.gap = max(c.gap, v.seen.Sub(last))
		last = v.seen
	}
	c.gap = max(c.gap, to.Sub(last))
	for _, of := range writers {
		if len(of) > 1 {
			c.shared++
		}
	}
	for a, x := range spans {
		for b, y := range spans {
			// Each pair once: the one that began first is a.
			if a.writer != b.writer && x.first < y.first && y.first < x.last {
				c.overlapping++
			}
		}
	}
	return c
}
