package elect

import (
	"slices"
	"strings"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// support is how many ready replicas serve a layout, and when the last of them joined.
type support struct {
	ready  int
	joined int64
}

// chooseLayouts finds the layout that is to be for each kind that is split, or was.
func (c *Core) chooseLayouts(members []present) {
	c.layouts, c.servedLayouts = nil, nil
	split := map[string]bool{} // the kinds
	for kind := range c.buckets {
		split[kind] = true
	}
	for i, m := range members {
		if i > 0 && sameServes(m.Serves, members[i-1].Serves) {
			continue // a fleet of one program: they share a list
		}
		for _, served := range m.Serves {
			if strings.IndexByte(served.Shard, '/') >= 0 { // there may be a thousand that are whole
				split[c.leaseName(served.Shard, served.Lease).kind] = true
			}
		}
	}
	if len(split) == 0 {
		return
	}
	supports := c.supports(members, split)
	c.layouts = map[string]int{}
	for kind := range split {
		if of, known := c.chooseLayout(kind, supports); known {
			c.layouts[kind] = of
		}
	}
}

func (c *Core) supports(members []present, split map[string]bool) map[layout]support {
	supports := map[layout]support{}
	c.servedLayouts = map[layout]bool{}
	var layouts []layout // that the member serves
	for i, m := range members {
		if i == 0 || !sameServes(m.Serves, members[i-1].Serves) {
			layouts = nil
			for _, served := range m.Serves {
				if n := c.leaseName(served.Shard, served.Lease); split[n.kind] && !slices.Contains(layouts, n.layout) {
					layouts = append(layouts, n.layout)
				}
			}
		}
		for _, l := range layouts {
			c.servedLayouts[l] = true
			if s := supports[l]; m.ready {
				supports[l] = support{s.ready + 1, max(s.joined, m.joined)}
			}
		}
	}
	return supports
}

// chooseLayout returns the layout that most ready replicas serve, and of several the
// one whose replica joined last; but the one in use if no other has more.
func (c *Core) chooseLayout(kind string, supports map[layout]support) (of int, known bool) {
	var most support
	for l, s := range supports {
		if l.kind != kind {
			continue
		}
		better := s.ready > most.ready || s.ready == most.ready && (s.joined > most.joined || s.joined == most.joined && l.of > of)
		if !known || better {
			of, most, known = l.of, s, true
		}
	}
	inUse := c.layoutsInUse(kind)
	if len(inUse) == 1 && known && supports[layout{kind, inUse[0]}].ready == most.ready {
		return inUse[0], true
	}
	return of, known
}

// layoutsInUse returns the layouts of a kind of which somebody holds a Lease.
func (c *Core) layoutsInUse(kind string) []int {
	var inUse []int
	for _, name := range append([]string{kind}, sortedKeys(c.buckets[kind])...) {
		seen := c.leases[name]
		if c.judged(seen) != lease.Held {
			continue
		}
		c.judgeBy(lease.ExpiresAt(seen, c.config.Timing.LeaseDuration))
		if _, _, of := lease.SplitName(name); !slices.Contains(inUse, of) {
			inUse = append(inUse, of)
		}
	}
	return inUse
}

// wanted says whether the shard belongs to the layout that is to be.
func (c *Core) wanted(l layout) bool {
	of, known := c.layouts[l.kind]
	return !known || of == l.of
}

// changeLayout gives the shard up for the layout that is to be: once membership has
// held still, as before any move, or as soon as a bucket beside it is vacant, because
// nobody will take that one before all are free.
func (c *Core) changeLayout(s *shard) {
	vacant := func(name string) bool { return c.judged(c.leases[name]) != lease.Held }
	broken := slices.ContainsFunc(lease.BucketNames(s.lease), vacant)
	if c.due(s.keepUntil) && (broken || c.due(c.steadySince.Add(c.config.RebalanceDelay))) {
		c.drain(s, LayoutChanged, "")
	}
}
