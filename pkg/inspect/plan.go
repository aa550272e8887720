package inspect

import (
	"cmp"

	"github.com/kindred-k8s/kindred/pkg/assign"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// plan says for every kind who should own it, as far as a reader can tell, and which
// choices by hand count for nothing.
func (s *Snapshot) plan() {
	inputs := map[fleet]*assign.Input{}
	for i := range s.Replicas {
		r := &s.Replicas[i]
		if !r.Alive || r.Lease == "" {
			continue
		}
		in := inputs[r.fleet()]
		if in == nil {
			in = &assign.Input{}
			inputs[r.fleet()] = in
		}
		in.Replicas = append(in.Replicas, assign.Replica{
			Name: r.Identity, Capacity: r.Capacity, Serves: r.Serves,
			Ready: r.ready(), Draining: r.Phase == lease.Draining,
		})
	}
	for i := range s.Kinds {
		k := &s.Kinds[i]
		if text := s.idle(*k); text != "" {
			s.problem(Problem{Namespace: k.Namespace, Lease: k.Lease, Text: text, Hand: true})
		}
		if in := inputs[k.fleet()]; in != nil {
			in.Shards = append(in.Shards, s.shard(k))
		}
	}
	plans := map[fleet]assign.Result{}
	for key, in := range inputs {
		plans[key] = assign.Plan(*in)
	}
	for i := range s.Kinds {
		k := &s.Kinds[i]
		decision, ok := plans[k.fleet()].For(k.Name())
		if !ok {
			continue
		}
		k.Because = decision.Reason
		if decision.Owner != k.Holder {
			k.Planned = decision.Owner
		}
	}
	s.load()
}

// load says how much each replica carries.
func (s *Snapshot) load() {
	for i := range s.Replicas {
		r := &s.Replicas[i]
		for _, k := range s.Kinds {
			if k.fleet() == r.fleet() && k.Holder == r.Identity {
				r.Load += min(max(k.Weight, 1), assign.MaxWeight)
			}
		}
	}
}

// shard is the kind as the plan looks at it. What the owner says that it weighs goes
// before what others say, who may not have heard of it yet.
func (s *Snapshot) shard(k *Kind) assign.Shard {
	shard := assign.Shard{Name: k.Name()}
	if k.State == Owned {
		shard.Owner = k.Holder
	}
	var owner *Replica
	for i := range s.Replicas {
		r := &s.Replicas[i]
		if r.fleet() != k.fleet() || !r.Alive || !r.serves(k.Name()) {
			continue
		}
		shard.Weight = max(shard.Weight, r.weights[k.Name()])
		k.Together = cmp.Or(k.Together, r.groups[k.Name()])
		if r.Identity == shard.Owner {
			owner = r
		}
	}
	shard.Group = k.Together
	shard.Pin = lease.Record{MoveTo: k.MoveTo, Paused: k.Paused}.Pin(shard.Owner, candidates(*k, s.Replicas))
	if owner != nil {
		shard.Weight = owner.weights[k.Name()]
		owner.fixed[k.Name()] = shard.Pin == shard.Owner
	}
	k.Weight = shard.Weight
	return shard
}
