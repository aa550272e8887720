package assign

import (
	"math/rand"
	"slices"
	"testing"
)

// The flow's whole cost, names included: its solution is the very assignment that trying them all in
// the order of names finds first among the best.
func TestExactIsTheFirstOfTheBest(t *testing.T) {
	for seed := range 4000 {
		rnd := rand.New(rand.NewSource(int64(seed)))
		p := randomProblem(rnd)
		if got, want := p.solveExact(), p.firstOfTheBest(); !slices.Equal(got, want) {
			t.Fatalf("seed %d: got %v, want %v\n%+v", seed, got, want, *p)
		}
	}
}

func randomProblem(rnd *rand.Rand) *problem {
	p := &problem{}
	for range 1 + rnd.Intn(5) {
		p.capacity = append(p.capacity, int64(1+rnd.Intn(3)*rnd.Intn(2)))
	}
	for range 1 + rnd.Intn(4) {
		var servers []int
		for r := range p.capacity {
			if rnd.Intn(3) > 0 {
				servers = append(servers, r)
			}
		}
		if len(servers) > 0 {
			p.servers = append(p.servers, servers)
		}
	}
	if len(p.servers) == 0 {
		return p
	}
	for range rnd.Intn(7) {
		class := rnd.Intn(len(p.servers))
		home := nobody
		if servers := p.servers[class]; rnd.Intn(3) > 0 {
			home = servers[min(rnd.Intn(len(servers)), rnd.Intn(len(servers)))]
		}
		p.weight, p.class, p.home = append(p.weight, 1), append(p.class, class), append(p.home, home)
	}
	return p
}

func (p *problem) firstOfTheBest() []int {
	var best []int
	var bestSlots []slot
	owner := make([]int, len(p.class))
	var try func(s int)
	try = func(s int) {
		if s == len(owner) {
			slots := p.slots(owner)
			slices.Reverse(slots)
			c := -1
			if best != nil {
				c = slices.CompareFunc(slots, bestSlots, compareLoads)
			}
			if c < 0 || c == 0 && p.moves(owner) < p.moves(best) {
				best, bestSlots = slices.Clone(owner), slots
			}
			return
		}
		for _, r := range p.servers[p.class[s]] {
			owner[s] = r
			try(s + 1)
		}
	}
	try(0)
	return best
}

// compareLoads compares level/capacity alone.
func compareLoads(a, b slot) int {
	return int(a.level*b.capacity - b.level*a.capacity)
}
