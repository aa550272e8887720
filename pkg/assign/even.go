package assign

import (
	"cmp"
	"slices"
)

// solveEven solves a separable problem with equal weights, class by class, by counting.
func (p *problem) solveEven() []int {
	owner := make([]int, len(p.class))
	shards := make([][]int, len(p.servers))
	for s, c := range p.class {
		shards[c] = append(shards[c], s)
	}
	place := make([]int, len(p.capacity)) // replica -> its index among its class's servers
	for c, servers := range p.servers {
		if len(shards[c]) == 0 {
			continue
		}
		for i, r := range servers {
			place[r] = i
		}
		p.deal(shards[c], servers, place, owner)
	}
	return owner
}

// deal gives each server its quota of the shards: it keeps those that were moved most, then the first of
// those it has, and the sorted rest is paired with the free places sorted by replica.
//
// This holds still while it is carried out. Quotas do (see quotas). A server with too many loses only
// shards behind those it keeps. And a shard that arrives takes its pair's place out of the two lists,
// which leaves the other pairs as they were: the places of one replica are next to each other, so it
// does not matter which of them is gone. (Dealing round by round would fail here.)
func (p *problem) deal(shards, servers, place, owner []int) {
	held := make([]int, len(servers))
	capacity := make([]int64, len(servers))
	for _, s := range shards {
		if h := p.home[s]; h != nobody {
			held[place[h]]++
		}
	}
	for i, r := range servers {
		capacity[i] = p.capacity[r]
	}
	quota := quotas(len(shards), capacity, held)
	free := make([]int, len(servers))
	for i := range free {
		free[i] = max(quota[i]-held[i], 0)
	}

	kept := make([]int, len(servers))
	stays := make([]bool, len(p.class))
	byMoves := slices.Clone(shards)
	slices.SortStableFunc(byMoves, func(a, b int) int { return cmp.Compare(p.recent[b], p.recent[a]) })
	for _, s := range byMoves {
		if h := p.home[s]; h != nobody && kept[place[h]] < quota[place[h]] {
			kept[place[h]]++
			stays[s] = true
		}
	}
	next := 0 // the first server that may have a free place
	for _, s := range shards {
		if stays[s] {
			owner[s] = p.home[s]
			continue
		}
		for free[next] == 0 {
			next++
		}
		free[next]--
		owner[s] = servers[next]
	}
}
