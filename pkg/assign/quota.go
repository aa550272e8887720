package assign

import (
	"cmp"
	"container/heap"
	"slices"
)

// slot is a replica's place for its level-th shard (from 1); filling it makes the load level/capacity.
type slot struct{ level, capacity int64 }

// compare orders slots by how much they hurt the balance when filled: by the load they make and then,
// because the load before the shard came was nearer to it, the larger capacity first. Only slots of
// equal level and capacity are equal. A set of shards per replica is lexicographically optimal exactly
// if no filled slot can be exchanged for a smaller free one.
func (s slot) compare(o slot) int {
	if c := cmp.Compare(s.level*o.capacity, o.level*s.capacity); c != 0 {
		return c
	}
	return cmp.Compare(o.capacity, s.capacity)
}

// quotas divides n shards among replicas that can all serve them: it fills the n smallest slots.
// Which of several equal slots are filled decides the moves, and whether the quotas hold still while
// they are carried out:
//
// Replicas that hold enough shards for the slot come first (that saves a move each), then names. Whoever
// is chosen never falls below the slot's level on the way, and whoever is not never rises to it.
// So the holders lose only replicas that were not chosen, and gain only ones that were: the choice
// stays the same. Preferring those that hold more would not do: that changes on the way.
func quotas(n int, capacity []int64, held []int) []int {
	quota := make([]int, len(capacity))
	var sum int64
	for _, c := range capacity {
		sum += c
	}
	// Nobody gets less than the whole part of its share, so the greedy choice starts from there.
	next := slotHeap{who: make([]int, len(capacity)), slot: make([]slot, len(capacity))}
	left := n
	for i, c := range capacity {
		quota[i] = int(int64(n) * c / sum)
		left -= quota[i]
		next.who[i], next.slot[i] = i, slot{int64(quota[i]) + 1, c}
	}
	heap.Init(&next)
	for ; left > 0; left-- {
		quota[next.who[0]]++
		next.slot[0].level++
		heap.Fix(&next, 0)
	}

	// The largest filled slot is the one that others may have an equal claim to.
	var last slot
	for i, q := range quota {
		if s := (slot{int64(q), capacity[i]}); q > 0 && (last.level == 0 || s.compare(last) > 0) {
			last = s
		}
	}
	var claimants []int
	places := 0
	for i, q := range quota {
		if capacity[i] != last.capacity {
			continue
		}
		switch int64(q) {
		case last.level:
			quota[i]--
			places++
			claimants = append(claimants, i)
		case last.level - 1:
			claimants = append(claimants, i)
		}
	}
	slices.SortStableFunc(claimants, func(a, b int) int { // stable: they are in the order of names
		return cmp.Compare(b2i(int64(held[b]) >= last.level), b2i(int64(held[a]) >= last.level))
	})
	for _, i := range claimants[:places] {
		quota[i]++
	}
	return quota
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// slotHeap is every replica's next free slot, the smallest first.
type slotHeap struct {
	who  []int
	slot []slot
}

func (h slotHeap) Len() int           { return len(h.who) }
func (h slotHeap) Less(i, j int) bool { return h.slot[i].compare(h.slot[j]) < 0 }
func (h slotHeap) Swap(i, j int) {
	h.who[i], h.who[j] = h.who[j], h.who[i]
	h.slot[i], h.slot[j] = h.slot[j], h.slot[i]
}
func (h slotHeap) Push(any) { panic("the heap does not grow") }
func (h slotHeap) Pop() any { panic("the heap does not shrink") }
