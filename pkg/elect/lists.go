package elect

import (
	"slices"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// list is what one or more members serve, kept once for all that say the same, so that
// a hundred replicas of one program cost no more than one, in memory and in each plan.
type list struct {
	serves []lease.Served
	names  []string // of the shards, kept once too
}

// listsKept bounds how many lists are remembered; members keep what they have.
const listsKept = 256

// listOf returns the list that says what serves says.
func (c *Core) listOf(serves []lease.Served) *list {
	for _, known := range c.lists {
		if sameServes(known.serves, serves) {
			return known
		}
	}
	added := &list{serves: serves, names: make([]string, 0, len(serves))}
	for _, served := range serves {
		added.names = append(added.names, served.Shard)
	}
	for _, known := range c.lists {
		if slices.Equal(known.names, added.names) {
			added.names = known.names // weights that are measured differ
			break
		}
	}
	if len(c.lists) >= listsKept {
		c.lists = slices.Delete(c.lists, 0, listsKept/2)
	}
	c.lists = append(c.lists, added)
	return added
}

// sameServes compares two lists; those that are one in memory at once.
func sameServes(a, b []lease.Served) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0] || slices.Equal(a, b))
}
