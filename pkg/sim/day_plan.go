package sim

import (
	"hash/maphash"
	"slices"

	"github.com/kindred-k8s/kindred/pkg/assign"
)

// planner computes a plan once for all replicas that see the same: it depends on
// nothing but its input.
type planner struct {
	seed  maphash.Seed
	plans map[uint64]assign.Result
	order []uint64 // the oldest first
	asked int64
}

// plansKept bounds how many plans are remembered: replicas are not far behind one
// another.
const plansKept = 64

func (p *planner) plan(in assign.Input) assign.Result {
	if p.plans == nil {
		p.seed, p.plans = maphash.MakeSeed(), map[uint64]assign.Result{}
	}
	p.asked++
	key := p.hash(in)
	result, known := p.plans[key]
	if !known {
		result = assign.Plan(in)
		p.plans[key] = result
		if p.order = append(p.order, key); len(p.order) > plansKept {
			delete(p.plans, p.order[0])
			p.order = p.order[1:]
		}
	}
	return assign.Result{Decisions: slices.Clone(result.Decisions)}
}

// hash tells inputs apart, as 64 bits can: of the millions of a day no two that differ
// are likely to be alike.
func (p *planner) hash(in assign.Input) uint64 {
	var h maphash.Hash
	h.SetSeed(p.seed)
	number := func(n int64) { maphash.WriteComparable(&h, n) }
	for _, s := range in.Shards {
		h.WriteString(s.Name)
		h.WriteByte(0)
		h.WriteString(s.Owner)
		h.WriteByte(0)
		h.WriteString(s.Pin)
		h.WriteByte(0)
		h.WriteString(s.Group)
		h.WriteByte(0)
		number(s.Weight)
		number(int64(s.Moves))
	}
	var last []string
	for i, r := range in.Replicas {
		h.WriteString(r.Name)
		h.WriteByte(0)
		number(r.Capacity)
		number(int64(len(r.Serves)))
		maphash.WriteComparable(&h, [2]bool{r.Ready, r.Draining})
		if i > 0 && same(last, r.Serves) {
			continue
		}
		last = r.Serves
		for _, name := range last {
			h.WriteString(name)
			h.WriteByte(0)
		}
	}
	return h.Sum64()
}

// same says whether two lists are one in memory, or alike.
func same(a, b []string) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0] || slices.Equal(a, b))
}
