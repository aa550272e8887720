package assign

import (
	"math"
	"slices"
)

const infinite = math.MaxInt64 / 4

// flow solves problems with equal weights in which replicas serve different shards, as a minimum-cost
// flow. The cost of an assignment is, in this order:
//
//  1. balance: the slots filled (see slot.compare);
//  2. moves: one for each shard away from a home that it has;
//  3. names: the first shard's replica, the second's, and so on (see canonical).
//
// The three make the optimum unique, which is why the plan is stable while it is carried out: let P be
// the optimum and A any other assignment. A planned move that is half done (the shard is vacant: it
// costs no move anywhere) or done (it is at home in P) lowers the moves of P by one and those of A by
// at most one, and changes neither balance nor names. So P stays ahead of A.
type flow struct {
	*problem
	on  []int   // per shard: its replica, or nobody as long as it is not placed
	has [][]int // per replica: its shards, in no particular order
	// away is how many placed shards are not at the home that they have.
	away int

	// State of one search, see spread.
	dist     []int64 // per replica: the cost of the cheapest way to it found so far
	via      []int   // per replica: the shard whose move reaches it at that cost
	expanded []int64 // per class: the lowest cost at which its shards have been offered to all servers
	queue    []int   // replicas whose dist has fallen
	queued   []bool
}

func (p *problem) solveExact() []int {
	f := &flow{
		problem:  p,
		on:       slices.Repeat([]int{nobody}, len(p.class)),
		has:      make([][]int, len(p.capacity)),
		dist:     make([]int64, len(p.capacity)),
		via:      make([]int, len(p.capacity)),
		expanded: make([]int64, len(p.servers)),
		queued:   make([]bool, len(p.capacity)),
	}
	// Successive shortest paths: after each insertion the placed shards are placed at the least cost
	// in balance and moves.
	for s := range p.class {
		f.insert(s)
	}
	if !f.atHome() {
		newCanon(f).run()
	}
	return f.on
}

// atHome reports whether nothing has a choice: no shard was vacant and none moves.
func (f *flow) atHome() bool { return slices.Equal(f.on, f.home) }

// insert places one more shard, and moves others out of its way if that is cheaper.
func (f *flow) insert(s int) {
	if r := f.obvious(s); r != nobody {
		f.move(s, r)
		return
	}
	for r := range f.dist {
		f.dist[r] = infinite
	}
	for c := range f.expanded {
		f.expanded[c] = infinite
	}
	away := int64(1)
	if f.home[s] == nobody {
		away = 0
	} else {
		f.reach(f.home[s], 0, s)
	}
	for _, r := range f.servers[f.class[s]] {
		f.reach(r, away, s)
	}
	f.spread()

	end := nobody
	for r, d := range f.dist {
		if d == infinite {
			continue
		}
		if end == nobody {
			end = r
			continue
		}
		if c := f.next(r).compare(f.next(end)); c < 0 || c == 0 && d < f.dist[end] {
			end = r
		}
	}
	for r := end; ; {
		x := f.via[r]
		from := f.on[x]
		f.move(x, r)
		if x == s {
			return
		}
		r = from
	}
}

// obvious returns the replica that shard s can have without a search, or nobody. As long
// as every placed shard that has a home is there, no way costs less than nothing: so a
// replica that s has for nothing and whose free slot is the smallest of all is a
// cheapest one.
func (f *flow) obvious(s int) int {
	if f.away > 0 {
		return nobody
	}
	best := f.home[s]
	if best == nobody {
		for _, r := range f.servers[f.class[s]] {
			if best == nobody || f.next(r).compare(f.next(best)) < 0 {
				best = r
			}
		}
	}
	for r := range f.has {
		if f.next(r).compare(f.next(best)) < 0 {
			return nobody
		}
	}
	return best
}

// spread lowers dist until no move of a placed shard makes any replica cheaper to reach. Moving a
// shard costs 1 away from its home, -1 back to it, and nothing else. There is no negative cycle, so it
// ends. Shards of one class have the same servers: only the cheapest offer of a class counts.
func (f *flow) spread() {
	for i := 0; i < len(f.queue); i++ {
		r := f.queue[i]
		f.queued[r] = false
		for _, x := range f.has[r] {
			cost := f.dist[r]
			switch f.home[x] {
			case nobody:
			case r:
				cost++
			default:
				f.reach(f.home[x], cost-1, x)
			}
			if c := f.class[x]; cost < f.expanded[c] {
				f.expanded[c] = cost
				for _, to := range f.servers[c] {
					f.reach(to, cost, x)
				}
			}
		}
	}
	f.queue = f.queue[:0]
}

// reach notes that moving shard x to the replica reaches it at the cost.
func (f *flow) reach(replica int, cost int64, x int) {
	if cost >= f.dist[replica] {
		return
	}
	f.dist[replica], f.via[replica] = cost, x
	if !f.queued[replica] {
		f.queued[replica] = true
		f.queue = append(f.queue, replica)
	}
}

func (f *flow) move(shard, to int) {
	if from := f.on[shard]; from != nobody {
		i := slices.Index(f.has[from], shard)
		last := len(f.has[from]) - 1
		f.has[from][i] = f.has[from][last]
		f.has[from] = f.has[from][:last]
		if h := f.home[shard]; h != nobody && from != h {
			f.away--
		}
	}
	if h := f.home[shard]; h != nobody && to != h {
		f.away++
	}
	f.on[shard] = to
	f.has[to] = append(f.has[to], shard)
}

// next is the smallest free slot of a replica; top, its largest filled one (level 0 if it has none).
func (f *flow) next(r int) slot { return slot{int64(len(f.has[r])) + 1, f.capacity[r]} }
func (f *flow) top(r int) slot  { return slot{int64(len(f.has[r])), f.capacity[r]} }
