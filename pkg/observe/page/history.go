package page

import (
	"time"

	"github.com/kindred-k8s/kindred/pkg/inspect"
)

// Bounds of what is remembered.
const (
	remembered = time.Hour
	mostKept   = 4096
)

// key names a kind's Lease.
type key struct{ namespace, lease string }

// history is who owned what in the last hour, as far as it was watched. The caller
// serializes.
type history struct {
	// known is from when on it is complete; zero before the first snapshot.
	known time.Time
	// base is who owned each kind at known.
	base map[key]string
	// changes are those since, in the order of their arrival.
	changes []inspect.Change
}

func newHistory() *history { return &history{base: map[key]string{}} }

// see takes in a snapshot: kinds that are new, and the time, before which what is more
// than an hour old is forgotten.
func (h *history) see(s *inspect.Snapshot) {
	if h.known.IsZero() {
		h.known = s.At.Time
	}
	present := map[key]bool{}
	for _, k := range s.Kinds {
		at := key{k.Namespace, k.Lease}
		present[at] = true
		if _, known := h.base[at]; !known && !h.changed(at) {
			h.base[at] = k.Holder
		}
	}
	h.forget(s.At.Add(-remembered))
	for at := range h.base {
		if !present[at] && !h.changed(at) {
			delete(h.base, at) // the kind is gone, and was for an hour
		}
	}
}

func (h *history) changed(at key) bool {
	for _, c := range h.changes {
		if (key{c.Namespace, c.Lease}) == at {
			return true
		}
	}
	return false
}

// add takes in a change.
func (h *history) add(c inspect.Change) {
	at := key{c.Namespace, c.Lease}
	if _, known := h.base[at]; !known {
		h.base[at] = c.From
	}
	h.changes = append(h.changes, c)
	if len(h.changes) > mostKept {
		h.forget(h.changes[len(h.changes)-mostKept].At)
	}
}

// forget moves the beginning of what is known.
func (h *history) forget(until time.Time) {
	n := 0
	for n < len(h.changes) && h.changes[n].At.Before(until) {
		c := h.changes[n]
		h.base[key{c.Namespace, c.Lease}] = c.To
		n++
	}
	h.changes = append(h.changes[:0], h.changes[n:]...)
	if h.known.Before(until) {
		h.known = until
	}
}

// span is a time with one owner, "" for none.
type span struct {
	owner    string
	from, to time.Time
}

// spans are the kind's, from what is known up to now.
func (h *history) spans(at key, now time.Time) []span {
	owner, known := h.base[at]
	if !known {
		return nil
	}
	all := []span{{owner: owner, from: h.known}}
	for _, c := range h.changes {
		if (key{c.Namespace, c.Lease}) != at {
			continue
		}
		all[len(all)-1].to = c.At
		all = append(all, span{owner: c.To, from: c.At})
	}
	all[len(all)-1].to = now
	return all
}
