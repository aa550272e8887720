package assign

// nobody is the number of no replica.
const nobody = -1

// problem is what is left to decide, in numbers: every shard has at least one server, and every
// replica may be given shards. Shards are in dealing order, replicas in the order of their names.
type problem struct {
	weight  []int64 // per shard, 1..MaxWeight
	home    []int   // per shard: the replica that owns it and could keep it, or nobody
	class   []int   // per shard: index in servers
	recent  []int   // per shard: how often it was moved lately
	servers [][]int // per class: the replicas that serve it, ascending

	capacity []int64 // per replica, 1..MaxCapacity
}

// solve returns the planned owner of each shard.
func (p *problem) solve() []int {
	switch {
	case !p.equalWeights():
		return p.solveWeighted()
	case p.separable():
		return p.solveEven()
	default:
		return p.solveExact()
	}
}

func (p *problem) equalWeights() bool {
	for _, w := range p.weight {
		if w != p.weight[0] {
			return false
		}
	}
	return true
}

// separable reports whether no replica serves shards of two classes that are in use: each class is
// then a problem of its own, in which everyone serves everything.
func (p *problem) separable() bool {
	used := make([]bool, len(p.servers))
	claimed := make([]bool, len(p.capacity))
	for _, c := range p.class {
		if used[c] {
			continue
		}
		used[c] = true
		for _, r := range p.servers[c] {
			if claimed[r] {
				return false
			}
			claimed[r] = true
		}
	}
	return true
}
