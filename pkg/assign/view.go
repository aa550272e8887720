package assign

import (
	"cmp"
	"slices"
	"strings"
)

// view is the input sorted, numbered, and divided into what is already decided (kept, why) and what
// is left to solve (problem).
type view struct {
	shards []Shard  // in dealing order: (Bucket, Name)
	kept   []string // per shard: its owner if that is decided already
	why    []Reason // per shard: the reason, unless the solution makes it Keep or Balance

	takers  []string // names of the replicas that may be given shards, ascending
	pool    []int    // shards that the problem is about; problem's shard j is shards[pool[j]]
	pinned  []bool   // per shard of the pool
	problem problem
}

func newView(in Input) *view {
	v := &view{shards: slices.Clone(in.Shards)}
	slices.SortFunc(v.shards, func(a, b Shard) int {
		if c := cmp.Compare(a.Bucket, b.Bucket); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	replicas := slices.Clone(in.Replicas)
	slices.SortFunc(replicas, func(a, b Replica) int { return strings.Compare(a.Name, b.Name) })

	var (
		serving = newServing(v.shards, replicas)
		byName  = make(map[string]int, len(replicas))
		taker   = make([]int, len(replicas)) // replica -> its number among the takers, or nobody
		takers  []int
	)
	for i, r := range replicas {
		byName[r.Name] = i
		taker[i] = nobody
		if r.Ready && !r.Draining {
			taker[i] = len(takers)
			takers = append(takers, i)
			v.takers = append(v.takers, r.Name)
			v.problem.capacity = append(v.problem.capacity, clamp(r.Capacity, MaxCapacity))
		}
	}
	class, servers := serving.classes(takers)
	pins := pinning{only: map[int]int{}}

	n := len(v.shards)
	v.kept, v.why, v.pool = make([]string, n), make([]Reason, n), make([]int, 0, n)
	v.problem.weight, v.problem.home, v.problem.class = make([]int64, 0, n), make([]int, 0, n), make([]int, 0, n)
	for i, s := range v.shards {
		pin, pinned := byName[s.Pin]
		pinned = pinned && taker[pin] != nobody && serving.serves(pin, i)
		home := nobody
		v.why[i] = Vacant
		if s.Owner != "" {
			r, live := byName[s.Owner]
			switch {
			case !live:
				v.why[i] = OwnerGone
			case replicas[r].Draining:
				v.why[i] = OwnerDraining
			case !serving.serves(r, i):
				v.why[i] = OwnerDoesNotServe
			case !replicas[r].Ready && !pinned:
				v.kept[i], v.why[i] = s.Owner, KeepNotReady
				continue
			default:
				home = taker[r]
			}
		}
		if pinned {
			class[i], servers = pins.class(taker[pin], servers)
			if home != taker[pin] {
				home = nobody
			}
		}
		if len(servers[class[i]]) == 0 {
			v.why[i] = NobodyServes
			continue
		}
		v.pool = append(v.pool, i)
		v.pinned = append(v.pinned, pinned)
		v.problem.recent = append(v.problem.recent, s.Moves)
		v.problem.weight = append(v.problem.weight, clamp(s.Weight, MaxWeight))
		v.problem.home = append(v.problem.home, home)
		v.problem.class = append(v.problem.class, class[i])
	}
	v.problem.servers = servers
	return v
}

// pinning makes classes of one server: a shard that is pinned is one that nobody else serves.
type pinning struct{ only map[int]int } // taker -> class

func (p pinning) class(taker int, servers [][]int) (int, [][]int) {
	c, ok := p.only[taker]
	if !ok {
		c = len(servers)
		p.only[taker] = c
		servers = append(servers, []int{taker})
	}
	return c, servers
}

// clamp puts a weight or a capacity in 1..limit.
func clamp(n, limit int64) int64 { return min(max(n, 1), limit) }
