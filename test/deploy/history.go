package deploy

import (
	"cmp"
	"fmt"
	"slices"
)

// Event is one change in the cluster.
type Event struct {
	// Revision is the resourceVersion, which with one etcd is its revision: it orders changes of different resources too.
	Revision int64
	Kind     string
	// Pod is the Lease's holder, "" when it has none; or the writer of the status.
	Pod string
	// Term is the token of the term.
	Term string
	// Object and Writes are set for the write of a status: whose, and how many there have been with this one.
	Object string
	Writes int64
}

func (e Event) String() string {
	if e.Object == "" {
		return fmt.Sprintf("%d: Lease of %s, holder %q, term %s", e.Revision, e.Kind, e.Pod, e.Term)
	}
	return fmt.Sprintf("%d: status of %s %s by %s, term %s, write %d", e.Revision, e.Kind, e.Object, e.Pod, e.Term, e.Writes)
}

// History is every change from some moment on, in any order.
type History []Event

// sorted returns the events in the order in which they happened.
func (h History) sorted() History {
	return slices.SortedStableFunc(slices.Values(h), func(a, b Event) int { return cmp.Compare(a.Revision, b.Revision) })
}

// Check returns what is wrong: a status written by a Pod that did not hold the kind's Lease then, or in another term than
// the Lease's, and writes that the history has missed, without which it proves nothing.
func (h History) Check() []string {
	type lease struct{ pod, term string }
	leases, writes := map[string]lease{}, map[string]int64{}
	var wrong []string
	for _, e := range h.sorted() {
		if e.Object == "" {
			leases[e.Kind] = lease{e.Pod, e.Term}
			continue
		}
		if holder, known := leases[e.Kind]; known && (holder.pod != e.Pod || holder.term != e.Term) {
			wrong = append(wrong, fmt.Sprintf("%v; the Lease is held by %q in term %s", e, holder.pod, holder.term))
		}
		object := e.Kind + " " + e.Object
		if before, known := writes[object]; known && e.Writes != before+1 {
			wrong = append(wrong, fmt.Sprintf("%v; the one seen before is number %d", e, before))
		}
		writes[object] = e.Writes
	}
	return wrong
}

// Moves counts how often each kind got another holder after the revision.
func (h History) Moves(after int64) map[string]int {
	holders, moves := map[string]string{}, map[string]int{}
	for _, e := range h.sorted() {
		if e.Object != "" || e.Pod == "" {
			continue
		}
		if before, known := holders[e.Kind]; known && before != e.Pod && e.Revision > after {
			moves[e.Kind]++
		}
		holders[e.Kind] = e.Pod
	}
	return moves
}

// Last is the latest revision.
func (h History) Last() int64 {
	var last int64
	for _, e := range h {
		last = max(last, e.Revision)
	}
	return last
}
