package coordinator

import (
	"sync"
	"time"

	"github.com/kindred-k8s/kindred/pkg/elect"
	"github.com/kindred-k8s/kindred/pkg/observe"
)

// queue takes events from any goroutine without ever blocking it, so that
// nothing that the loop waits for can wait for the loop.
type queue struct {
	mu      sync.Mutex
	entries []entry
	signal  chan struct{}
}

// entry is an event for the core, or something for the observer alone.
type entry struct {
	event elect.Event
	told  observe.Event
	at    time.Time // when it was put
}

func (q *queue) init() { q.signal = make(chan struct{}, 1) }

func (q *queue) put(e elect.Event) { q.add(entry{event: e, at: time.Now()}) }

func (q *queue) add(e entry) {
	q.mu.Lock()
	q.entries = append(q.entries, e)
	q.mu.Unlock()
	select {
	case q.signal <- struct{}{}:
	default:
	}
}

// ready is readable when there may be events.
func (q *queue) ready() <-chan struct{} { return q.signal }

// take returns all entries, in the order in which they were put.
func (q *queue) take() []entry {
	q.mu.Lock()
	defer q.mu.Unlock()
	entries := q.entries
	q.entries = nil
	return entries
}
