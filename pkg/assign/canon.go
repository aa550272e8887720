package assign

import "slices"

// canon picks, among all assignments of least cost in balance and moves, the one in which the first
// shard has the first possible replica, then the second shard, and so on.
//
// It starts from one such assignment. The shortest distances of the final flow are prices that prove
// it optimal: an assignment is of least cost exactly if it gives every shard one of the replicas that
// are cheapest for it at these prices (its choices), and fills exactly the slots below a price, with
// freedom only for slots at it (a replica with such a slot is spare when it is free, and full when it
// is filled). So each step is a search for a chain of choices, not for a cheapest path.
type canon struct {
	*flow
	price []int64 // per replica: minus the distance
	cheap [][]int // per class: its cheapest servers, ascending
	spare []bool  // per replica: it may get one more for nothing
	full  []bool  // per replica: it may have one less for nothing
	done  []bool  // per shard: it has got its replica

	// State of one search.
	seen   []bool // per replica
	opened []bool // per class: its cheapest servers are seen
	from   []int  // per replica: the shard whose move leads to it, or one of the marks below
	todo   []int
	giver  int // the spare replica that let the chain go on from the full ones, or nobody
}

// Marks in canon.from.
const (
	chainStart = -1 // the chain begins here
	chainSpare = -2 // the chain comes from canon.giver, which keeps one more while this has one less
)

func newCanon(f *flow) *canon {
	n := len(f.capacity)
	c := &canon{
		flow: f, price: make([]int64, n), cheap: make([][]int, len(f.servers)),
		spare: make([]bool, n), full: make([]bool, n), done: make([]bool, len(f.class)),
		seen: make([]bool, n), opened: make([]bool, len(f.servers)), from: make([]int, n),
	}
	// Every comparison of slots outweighs all moves together: a slot costs its rank times scale.
	scale := int64(4 * (len(f.class) + n + 1))
	topRank, nextRank := f.ranks()
	byLoad := make([]int, n)
	for r := range byLoad {
		byLoad[r] = r
		f.dist[r] = -scale * topRank[r]
	}
	for k := range f.expanded {
		f.expanded[k] = infinite
	}
	slices.SortStableFunc(byLoad, func(a, b int) int { return int(topRank[b] - topRank[a]) })
	for _, r := range byLoad {
		f.queue, f.queued[r] = append(f.queue, r), true
	}
	f.spread()

	for r, d := range f.dist {
		c.price[r] = -d
		c.full[r] = len(f.has[r]) > 0 && -d == scale*topRank[r]
		c.spare[r] = -d == scale*nextRank[r]
	}
	for k, servers := range f.servers {
		for _, r := range servers {
			if len(c.cheap[k]) > 0 && c.price[r] > c.price[c.cheap[k][0]] {
				continue
			}
			if len(c.cheap[k]) > 0 && c.price[r] < c.price[c.cheap[k][0]] {
				c.cheap[k] = c.cheap[k][:0]
			}
			c.cheap[k] = append(c.cheap[k], r)
		}
	}
	return c
}

// ranks numbers the distinct slots that matter, each replica's largest filled one (rank 0 for none)
// and smallest free one, in the order of slot.compare, from 1.
func (f *flow) ranks() (top, next []int64) {
	var all []slot
	for r := range f.has {
		all = append(all, f.next(r))
		if len(f.has[r]) > 0 {
			all = append(all, f.top(r))
		}
	}
	slices.SortFunc(all, slot.compare)
	all = slices.Compact(all)
	rank := func(s slot) int64 {
		i, _ := slices.BinarySearchFunc(all, s, slot.compare)
		return int64(i) + 1
	}
	top, next = make([]int64, len(f.has)), make([]int64, len(f.has))
	for r := range f.has {
		next[r] = rank(f.next(r))
		if len(f.has[r]) > 0 {
			top[r] = rank(f.top(r))
		}
	}
	return top, next
}

// choices says which replicas shard x may have: its home, the cheapest servers of its class, or both.
func (c *canon) choices(x int) (home int, cheap []int) {
	home, cheap = c.home[x], c.cheap[c.class[x]]
	if home == nobody {
		return nobody, cheap
	}
	switch stay, leave := c.price[home], c.price[cheap[0]]+1; {
	case stay < leave:
		return home, nil
	case stay > leave:
		return nobody, cheap
	default:
		return home, cheap
	}
}

func (c *canon) run() {
	for s := range c.class {
		c.settle(s)
		c.done[s] = true
	}
}

// settle gives shard s the first replica that it can have, without touching shards that are done.
func (c *canon) settle(s int) {
	now := c.on[s]
	home, cheap := c.choices(s)
	options := cheap
	if home != nobody {
		if i, ok := slices.BinarySearch(cheap, home); !ok {
			options = slices.Insert(slices.Clone(cheap), i, home)
		}
	}
	if len(options) == 0 || options[0] >= now {
		return
	}
	clear(c.seen)
	clear(c.opened)
	c.giver = nobody
	for _, r := range options {
		if r >= now {
			return
		}
		// What an earlier option has seen does not lead to now, so it need not be seen again.
		if !c.seen[r] && c.leadsTo(r, s, now) {
			c.shift(now)
			c.move(s, r)
			return
		}
	}
}

// leadsTo reports whether some chain of moves makes room on start for shard s by filling its place on
// target.
func (c *canon) leadsTo(start, s, target int) bool {
	c.todo = c.todo[:0]
	c.see(start, chainStart)
	for len(c.todo) > 0 && !c.seen[target] {
		r := c.todo[len(c.todo)-1]
		c.todo = c.todo[:len(c.todo)-1]
		if c.spare[r] && c.giver == nobody {
			c.giver = r
			for to, full := range c.full {
				if full {
					c.see(to, chainSpare)
				}
			}
		}
		for _, x := range c.has[r] {
			if c.done[x] || x == s {
				continue
			}
			home, cheap := c.choices(x)
			if home != nobody {
				c.see(home, x)
			}
			if k := c.class[x]; cheap != nil && !c.opened[k] {
				c.opened[k] = true
				for _, to := range cheap {
					c.see(to, x)
				}
			}
		}
	}
	return c.seen[target]
}

func (c *canon) see(r, from int) {
	if !c.seen[r] {
		c.seen[r], c.from[r] = true, from
		c.todo = append(c.todo, r)
	}
}

// shift carries out the chain that leads to r.
func (c *canon) shift(r int) {
	for {
		switch x := c.from[r]; x {
		case chainStart:
			return
		case chainSpare:
			c.full[r], c.spare[r] = false, true
			r = c.giver
			c.full[r], c.spare[r] = true, false
		default:
			from := c.on[x]
			c.move(x, r)
			r = from
		}
	}
}
