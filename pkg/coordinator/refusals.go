package coordinator

import (
	"sync"

	"github.com/kindred-k8s/kindred/pkg/elect"
	"github.com/kindred-k8s/kindred/pkg/fence"
	"github.com/kindred-k8s/kindred/pkg/observe"
)

// refusals count the writes that a fence has refused until the observer takes them, so
// that a reconciler which goes on trying cannot fill the queue.
type refusals struct {
	mu                 sync.Mutex
	refused, cancelled int
	last               *fence.DeposedError
}

// add counts one write and says whether the observer has to be told to take it.
func (r *refusals) add(e *fence.DeposedError) (first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	first = r.refused+r.cancelled == 0
	if r.last = e; e.Sent {
		r.cancelled++
	} else {
		r.refused++
	}
	return first
}

func (r *refusals) take() (refused, cancelled int, method, path string, reason observe.Reason) {
	r.mu.Lock()
	defer r.mu.Unlock()
	refused, cancelled = r.refused, r.cancelled
	r.refused, r.cancelled = 0, 0
	return refused, cancelled, r.last.Method, r.last.Path, reasonOf(elect.Reason(r.last.Reason))
}

// refused is called by the fence of a term.
func (k *kind) refused(e *fence.DeposedError) {
	if k.refusals.add(e) {
		k.c.tell(observe.Fenced{Term: e.Term})
	}
}
