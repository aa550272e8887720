package page

import (
	"github.com/kindred-k8s/kindred/pkg/inspect"
)

// hues is how many colours the style sheet has.
const hues = 12

// colours gives each replica a colour that it keeps while it is there or in the history.
// The caller serializes.
type colours struct{ of map[string]int }

func newColours() *colours { return &colours{of: map[string]int{}} }

// assign gives the replicas of a snapshot their colours, and forgets those that are
// nowhere any more.
func (c *colours) assign(s *inspect.Snapshot, h *history) {
	needed := map[string]bool{}
	for _, owner := range h.base {
		needed[owner] = true
	}
	for _, change := range h.changes {
		needed[change.To] = true
	}
	for _, r := range s.Replicas {
		needed[r.Identity] = true
	}
	for identity := range c.of {
		if !needed[identity] {
			delete(c.of, identity)
		}
	}
	for _, r := range s.Replicas { // in the order of the columns
		c.get(r.Identity)
	}
}

// get returns the colour: the one that the fewest have.
func (c *colours) get(identity string) int {
	if hue, known := c.of[identity]; known {
		return hue
	}
	used := [hues]int{}
	for _, hue := range c.of {
		used[hue]++
	}
	least := 0
	for hue, n := range used {
		if n < used[least] {
			least = hue
		}
	}
	c.of[identity] = least
	return least
}
