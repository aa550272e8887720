package coordinator

import (
	"sync"

	"github.com/kindred-k8s/kindred/pkg/elect"
)

// queue takes events from any goroutine without ever blocking it, so that
// nothing that the loop waits for can wait for the loop.
type queue struct {
	mu     sync.Mutex
	events []elect.Event
	signal chan struct{}
}

func (q *queue) init() { q.signal = make(chan struct{}, 1) }

func (q *queue) put(e elect.Event) {
	q.mu.Lock()
	q.events = append(q.events, e)
	q.mu.Unlock()
	select {
	case q.signal <- struct{}{}:
	default:
	}
}

// ready is readable when there may be events.
func (q *queue) ready() <-chan struct{} { return q.signal }

// take returns all events, in the order in which they were put.
func (q *queue) take() []elect.Event {
	q.mu.Lock()
	defer q.mu.Unlock()
	events := q.events
	q.events = nil
	return events
}
