package assign

import (
	"cmp"
	"math"
	"slices"
)

// worth is how little of the weight moved may come off the higher load for a change to be worthwhile:
// one part in worth. Handing a shard over interrupts its work, so a hair of balance does not pay.
const worth = 8

// stepsPerShard bounds the improvement of a plan. Every step lowers the sorted loads, so it ends
// anyway, within a few steps per shard; the bound is for inputs made to be hard. A plan cut short is
// valid, and the next one goes on from it.
const stepsPerShard = 16

// scales is the state of the search for unequal weights.
type scales struct {
	*problem
	on   []int
	has  [][]int
	load []int64 // per replica: the sum of its weights, not yet divided by the capacity
	// order is the replicas as find looks at them; kept, because two of them change in a step.
	order []int

	serves []bitset // per class
	// A pair is looked at again only if one of the two has changed since.
	step    int
	changed []int // per replica: the step that last changed it
	checked []int // per replica: the step at which no exchange from it was worthwhile
}

// exchange moves shard out from a to b, and shard in (or nobody) from b to a.
type exchange struct{ a, b, out, in int }

func (p *problem) solveWeighted() []int {
	n := len(p.capacity)
	w := &scales{
		problem: p, on: slices.Clone(p.home), has: make([][]int, n), load: make([]int64, n),
		serves: make([]bitset, len(p.servers)), changed: make([]int, n), checked: make([]int, n),
	}
	for c, servers := range p.servers {
		w.serves[c] = newBitset(n)
		for _, r := range servers {
			w.serves[c].set(r)
		}
	}
	for r := range n {
		w.order = append(w.order, r)
	}
	var vacant []int
	for s, h := range p.home {
		if h == nobody {
			vacant = append(vacant, s)
			continue
		}
		w.put(s, h)
	}
	// The heaviest first, each where it makes the least load.
	slices.SortStableFunc(vacant, func(a, b int) int { return cmp.Compare(p.weight[b], p.weight[a]) })
	for _, s := range vacant {
		best := nobody
		for _, r := range p.servers[p.class[s]] {
			if best == nobody || w.with(s, r).compare(w.with(s, best)) < 0 {
				best = r
			}
		}
		w.put(s, best)
	}

	for w.step = 1; w.step <= stepsPerShard*len(p.class); w.step++ {
		e, ok := w.find()
		if !ok {
			break
		}
		w.apply(e)
	}
	return w.on
}

// with is the load that shard s would make on replica r.
func (w *scales) with(s, r int) slot { return slot{w.load[r] + w.weight[s], w.capacity[r]} }

func (w *scales) put(s, r int) {
	w.on[s] = r
	w.has[r] = append(w.has[r], s)
	w.load[r] += w.weight[s]
}

func (w *scales) take(s, r int) {
	w.has[r] = slices.DeleteFunc(w.has[r], func(x int) bool { return x == s })
	w.load[r] -= w.weight[s]
}

func (w *scales) apply(e exchange) {
	w.take(e.out, e.a)
	w.put(e.out, e.b)
	if e.in != nobody {
		w.take(e.in, e.b)
		w.put(e.in, e.a)
	}
	w.changed[e.a], w.changed[e.b] = w.step, w.step
}

// find returns the best worthwhile exchange between the most and the least loaded replicas that have
// any: the most loaded is looked at first, with the least loaded and upwards.
func (w *scales) find() (exchange, bool) {
	slices.SortFunc(w.order, func(x, y int) int {
		return cmp.Or(cmp.Compare(w.load[y]*w.capacity[x], w.load[x]*w.capacity[y]), cmp.Compare(x, y))
	})
	for i, a := range w.order {
		for j := len(w.order) - 1; j > i; j-- {
			b := w.order[j]
			if w.changed[a] < w.checked[a] && w.changed[b] < w.checked[a] {
				continue
			}
			if e, ok := w.between(a, b); ok {
				return e, true
			}
		}
		w.checked[a] = w.step
	}
	return exchange{}, false
}

// between returns the worthwhile exchange that leaves the least load on the higher of a and b, where a
// is the more loaded. Of several, the one wins that takes the fewest shards from their owners, then the
// one whose shards were moved least lately, then the first shards by name. That is what a swap needs to
// be carried out half by half: with its first shard released, the other half is still the cheapest way
// to the same loads.
func (w *scales) between(a, b int) (best exchange, found bool) {
	var least slot
	// More than limit left on a is more than the best so far makes of it; that tells most pairs of
	// shards without a closer look, above all when one replica has nearly everything.
	limit := int64(math.MaxInt64)
	try := func(out, in int) {
		e := exchange{a, b, out, in}
		peak, ok := w.weigh(e)
		if !ok {
			return
		}
		if found {
			c := cmp.Or(cmp.Compare(peak.level*least.capacity, least.level*peak.capacity),
				cmp.Compare(w.interrupts(e), w.interrupts(best)),
				cmp.Compare(w.moved(e), w.moved(best)),
				cmp.Compare(e.out, best.out), cmp.Compare(e.in, best.in))
			if c >= 0 {
				return
			}
		}
		best, least, found = e, peak, true
		limit = peak.level * w.capacity[a] / peak.capacity
	}
	difference := w.load[a]*w.capacity[b] - w.load[b]*w.capacity[a]
	if difference <= 0 {
		return best, false
	}
	// Nor does moving more than most pay: what comes off the one load and stays below it on the other
	// adds up to the difference, and each must be worth what is moved.
	most := worth * difference / (w.capacity[a] + w.capacity[b])
	for _, out := range w.has[a] {
		if w.weight[out] <= most && w.load[a]-w.weight[out] <= limit && w.serves[w.class[out]].has(b) {
			try(out, nobody)
		}
	}
	for _, out := range w.has[a] {
		moved, left := w.weight[out], w.load[a]-w.weight[out]
		if moved > most || left > limit || !w.serves[w.class[out]].has(b) {
			continue
		}
		for _, in := range w.has[b] {
			if moved+w.weight[in] <= most && left+w.weight[in] <= limit && w.weight[in] < moved && w.serves[w.class[in]].has(a) {
				try(out, in)
			}
		}
	}
	return best, found
}

// interrupts is how many more shards are taken from their owners by the exchange; less than zero when
// it gives some back.
func (w *scales) interrupts(e exchange) int {
	n := w.leaves(e.out, e.b)
	if e.in != nobody {
		n += w.leaves(e.in, e.a)
	}
	return n
}

// moved is how often the shards that the exchange takes from their owners were moved lately.
func (w *scales) moved(e exchange) int {
	n := 0
	if w.leaves(e.out, e.b) > 0 {
		n += w.recent[e.out]
	}
	if e.in != nobody && w.leaves(e.in, e.a) > 0 {
		n += w.recent[e.in]
	}
	return n
}

// leaves is the change in the number of shards away from home when s goes to replica to.
func (w *scales) leaves(s, to int) int {
	switch w.home[s] {
	case nobody:
		return 0
	case to:
		return -1
	case w.on[s]:
		return 1
	}
	return 0
}

// weigh returns the higher of the two loads after the exchange, and whether it is worthwhile.
func (w *scales) weigh(e exchange) (peak slot, ok bool) {
	moved, shift := w.weight[e.out], w.weight[e.out]
	if e.in != nobody {
		moved += w.weight[e.in]
		shift -= w.weight[e.in]
	}
	atA := slot{w.load[e.a] - shift, w.capacity[e.a]}
	atB := slot{w.load[e.b] + shift, w.capacity[e.b]}
	// By how much each stays below the load of a today, in units of a's work (times b's capacity).
	belowA := shift
	belowB := w.load[e.a]*atB.capacity - atB.level*atA.capacity
	if worth*belowA < moved || worth*belowB < moved*atB.capacity {
		return slot{}, false
	}
	if atA.level*atB.capacity > atB.level*atA.capacity {
		return atA, true
	}
	return atB, true
}
