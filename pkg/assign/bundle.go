package assign

import (
	"slices"
	"strings"
)

// groups are the shards that are planned as one, in the order of their names, by the name of the first.
type groups map[string][]string

// bundle makes one shard of each group, which has the name of the group's first. Without groups of two
// or more it returns the input as it is, and no groups. A shard that nobody can be given at present does
// not hold up the others of its group.
func bundle(in Input) (Input, groups) {
	if !slices.ContainsFunc(in.Shards, func(s Shard) bool { return s.Group != "" }) {
		return in, nil
	}
	members := map[string][]Shard{}
	served := servedByAny(in.Replicas)
	for _, s := range in.Shards {
		if s.Group != "" && served(s.Name) {
			members[s.Group] = append(members[s.Group], s)
		}
	}
	var (
		all     = groups{}
		first   = map[string]string{} // shard of a group -> the group's first
		bundled Input
	)
	for _, shards := range members {
		if len(shards) == 1 {
			continue
		}
		slices.SortFunc(shards, func(a, b Shard) int { return strings.Compare(a.Name, b.Name) })
		one := together(shards)
		bundled.Shards = append(bundled.Shards, one)
		for _, s := range shards {
			all[one.Name] = append(all[one.Name], s.Name)
			first[s.Name] = one.Name
		}
	}
	if len(all) == 0 {
		return in, nil
	}
	for _, s := range in.Shards {
		if s.Group = ""; first[s.Name] == "" {
			bundled.Shards = append(bundled.Shards, s)
		}
	}
	for _, r := range in.Replicas {
		r.Serves = all.servedBy(r, first)
		bundled.Replicas = append(bundled.Replicas, r)
	}
	return bundled, all
}

// servedByAny says which shards some replica may be given.
func servedByAny(replicas []Replica) func(shard string) bool {
	names, all := map[string]bool{}, false
	for _, r := range replicas {
		if !r.Ready || r.Draining {
			continue
		}
		all = all || r.ServesAll
		for _, name := range r.Serves {
			names[name] = true
		}
	}
	return func(shard string) bool { return all || names[shard] }
}

// together is the shard that stands for a group, sorted by name. Its owner is the replica that owns the
// most of it by weight; what others own of it goes there too.
func together(shards []Shard) Shard {
	one := Shard{Name: shards[0].Name}
	owned := map[string]int64{}
	for _, s := range shards {
		weight := clamp(s.Weight, MaxWeight)
		one.Weight += weight
		one.Moves = max(one.Moves, s.Moves)
		if one.Pin == "" {
			one.Pin = s.Pin
		}
		if s.Owner != "" {
			owned[s.Owner] += weight
		}
	}
	for owner, weight := range owned {
		if weight > owned[one.Owner] || weight == owned[one.Owner] && owner < one.Owner {
			one.Owner = owner
		}
	}
	return one
}

// servedBy is what a replica serves when groups are one shard each: of a group all or nothing.
func (g groups) servedBy(r Replica, first map[string]string) []string {
	count := map[string]int{}
	var serves []string
	for _, name := range r.Serves {
		one, grouped := first[name]
		if !grouped {
			serves = append(serves, name)
			continue
		}
		if count[one]++; count[one] == len(g[one]) {
			serves = append(serves, one)
		}
	}
	return serves
}

// unbundle gives every shard of a group the owner of the shard that stood for it.
func (g groups) unbundle(r Result, in Input) Result {
	owner := make(map[string]string, len(in.Shards))
	for _, s := range in.Shards {
		owner[s.Name] = s.Owner
	}
	var all []Decision
	for _, d := range r.Decisions {
		names, grouped := g[d.Shard]
		if !grouped {
			all = append(all, d)
			continue
		}
		for _, name := range names {
			all = append(all, d.forOne(name, owner[name]))
		}
	}
	slices.SortFunc(all, func(a, b Decision) int { return strings.Compare(a.Shard, b.Shard) })
	return Result{Decisions: all}
}

// forOne is the decision for one shard of a group, owned by from.
func (d Decision) forOne(shard, from string) Decision {
	one := Decision{Shard: shard, Owner: d.Owner, From: from, Reason: d.Reason}
	switch {
	case one.Owner == "" || from == d.From:
	case from == "":
		one.Reason = Vacant
	case from == one.Owner:
		one.Reason = Keep
	default:
		one.Reason = Together
	}
	return one
}
