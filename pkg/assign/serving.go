package assign

import "slices"

// serving answers which replica serves which shard. Replicas with the same list share one bit set, so
// that a thousand replicas of one program cost no more than one.
type serving struct {
	shards int
	groups []group
	of     []int // replica -> its group
}

// group is one distinct list of shards served.
type group struct {
	all  bool
	list []string
	bits bitset // per shard; unused when all
}

func newServing(shards []Shard, replicas []Replica) *serving {
	sv := &serving{shards: len(shards), of: make([]int, len(replicas))}
	var number map[string]int // made only when some replica needs it
	for i, r := range replicas {
		g := slices.IndexFunc(sv.groups, func(g group) bool {
			return g.all == r.ServesAll && (g.all || sameList(g.list, r.Serves))
		})
		if g < 0 {
			g = len(sv.groups)
			added := group{all: r.ServesAll}
			if !r.ServesAll {
				if number == nil {
					number = make(map[string]int, len(shards))
					for i, s := range shards {
						number[s.Name] = i
					}
				}
				added.list, added.bits = r.Serves, newBitset(len(shards))
				for _, name := range r.Serves {
					if i, ok := number[name]; ok {
						added.bits.set(i)
					}
				}
			}
			sv.groups = append(sv.groups, added)
		}
		sv.of[i] = g
	}
	return sv
}

// sameList compares two lists; those that are one in memory at once.
func sameList(a, b []string) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0] || slices.Equal(a, b))
}

func (sv *serving) serves(replica, shard int) bool {
	g := &sv.groups[sv.of[replica]]
	return g.all || g.bits.has(shard)
}

// classes puts shards that exactly the same takers serve into one class. It returns the class of each
// shard and, per class, the numbers of the takers that serve it, ascending.
func (sv *serving) classes(takers []int) (class []int, servers [][]int) {
	var used []int // groups that have a taker
	for _, r := range takers {
		if !slices.Contains(used, sv.of[r]) {
			used = append(used, sv.of[r])
		}
	}
	class = make([]int, sv.shards)
	known := map[string]int{}
	key := make([]byte, (len(used)+7)/8)
	for i := range class {
		clear(key)
		for k, g := range used {
			if sv.groups[g].all || sv.groups[g].bits.has(i) {
				key[k/8] |= 1 << (k % 8)
			}
		}
		c, ok := known[string(key)]
		if !ok {
			c = len(servers)
			known[string(key)] = c
			var who []int
			for t, r := range takers {
				if sv.serves(r, i) {
					who = append(who, t)
				}
			}
			servers = append(servers, who)
		}
		class[i] = c
	}
	return class, servers
}

type bitset []uint64

func newBitset(n int) bitset    { return make(bitset, (n+63)/64) }
func (b bitset) set(i int)      { b[i/64] |= 1 << (i % 64) }
func (b bitset) has(i int) bool { return b[i/64]&(1<<(i%64)) != 0 }
