package coordinator

import (
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// registered is a kind as the user has registered it: one reconciler, and a shard for
// each bucket.
type registered struct {
	c          *Coordinator
	kind       schema.GroupKind
	reconciler Reconciler
	shards     []*kind // one for a whole kind; in the order of the buckets

	mu     sync.Mutex // guards what follows
	opened chan struct{}
	terms  int
}

func (r *registered) elected() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.opened
}

// begin and end count the terms.
func (r *registered) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.terms++; r.terms == 1 {
		close(r.opened)
	}
}

func (r *registered) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.terms--; r.terms == 0 {
		r.opened = make(chan struct{})
	}
}

// current returns the terms that this replica has now, in the order of the buckets.
func (r *registered) current() []lease.Term {
	var terms []lease.Term
	for _, k := range r.shards {
		if term, ok := k.currentTerm(); ok {
			terms = append(terms, term)
		}
	}
	return terms
}
