package inspect

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// Build makes a Snapshot of Leases read at now. The order of the Leases does not
// matter, and nothing that can be in one makes it fail.
func Build(leases []coordinationv1.Lease, now time.Time) *Snapshot {
	b := builder{
		snapshot: &Snapshot{At: metav1.NewMicroTime(now), Kinds: []Kind{}, Replicas: []Replica{}},
		replicas: map[replicaKey]*Replica{},
		leases:   map[leaseKey]bool{},
		now:      now,
	}
	for i := range leases {
		b.add(&leases[i])
	}
	b.addVacant()
	b.countServed()
	b.dropUnused()
	b.dropTwins()
	b.addHolders()
	for _, replica := range b.replicas {
		slices.Sort(replica.Owns)
		slices.Sort(replica.Serves)
		b.snapshot.Replicas = append(b.snapshot.Replicas, *replica)
	}
	b.snapshot.plan()
	b.snapshot.sort()
	return b.snapshot
}

type replicaKey struct {
	fleet
	identity string
}

type leaseKey struct{ namespace, name string }

type builder struct {
	snapshot *Snapshot
	replicas map[replicaKey]*Replica
	// leases has the ownership Leases that there are.
	leases map[leaseKey]bool
	now    time.Time
}

// add takes in one Lease.
func (b *builder) add(l *coordinationv1.Lease) {
	problem := func(format string, args ...any) {
		b.snapshot.problem(Problem{Namespace: l.Namespace, Lease: l.Name, Text: fmt.Sprintf(format, args...), Clock: format == clockAhead})
	}
	component, role := l.Labels[lease.LabelComponent], l.Labels[lease.LabelRole]
	if err := lease.ValidateComponent(component); err != nil {
		problem("label %s: %v: correct the label or delete the Lease", lease.LabelComponent, err)
		return
	}
	switch role {
	case lease.RoleOwner:
		shard, err := shardOfLease(l)
		if err != nil {
			problem("%v", err)
			return
		}
		b.snapshot.Kinds = append(b.snapshot.Kinds, kindOf(l, shard, holderOf(l, b.now, problem)))
		b.leases[leaseKey{l.Namespace, l.Name}] = true
	case lease.RoleMember:
		replica, err := replicaOf(l, holderOf(l, b.now, problem))
		if err != nil {
			problem("%v", err)
		}
		if replica.Identity != "" {
			b.replicas[replicaKey{replica.fleet(), replica.Identity}] = &replica
		}
	default:
		problem("label %s is %q, which is neither %q nor %q: take the label %s off if the Lease is not Kindred's, else delete it",
			lease.LabelRole, role, lease.RoleOwner, lease.RoleMember, lease.LabelComponent)
	}
}

// addVacant adds the kinds that a live replica can own and that have no Lease
// yet.
func (b *builder) addVacant() {
	for _, replica := range b.replicas {
		if !replica.Alive {
			continue
		}
		for _, served := range replica.Serves {
			shard, name := lease.ParseShard(served), replica.names[served]
			if key := (leaseKey{replica.Namespace, name}); !b.leases[key] {
				b.leases[key] = true
				b.snapshot.Kinds = append(b.snapshot.Kinds, Kind{
					Kind: shard.Kind.Kind, Group: shard.Kind.Group, Bucket: shard.Bucket, Of: shard.Of,
					Namespace: replica.Namespace, Component: replica.Component,
					Lease: name, State: Vacant,
				})
			}
		}
	}
}

// addHolders gives each kind to its owner, and adds the owners that have no
// member Lease.
func (b *builder) addHolders() {
	for _, kind := range b.snapshot.Kinds {
		if kind.Holder == "" {
			continue
		}
		key := replicaKey{kind.fleet(), kind.Holder}
		replica := b.replicas[key]
		if replica == nil {
			replica = &Replica{
				Name: kind.Owner, Identity: kind.Holder,
				Namespace: kind.Namespace, Component: kind.Component,
				Owns: []string{}, Serves: []string{},
			}
			b.replicas[key] = replica
		}
		replica.Owned++
		replica.Owns = append(replica.Owns, kind.Name())
		if replica.Lease == "" {
			replica.Alive = replica.Alive || kind.State == Owned
			if kind.Renewed.After(replica.Renewed.Time) {
				replica.Renewed = kind.Renewed
			}
		}
	}
}

func (b *builder) countServed() {
	served := map[leaseKey]int{}
	for _, replica := range b.replicas {
		if !replica.ready() {
			continue
		}
		for _, kind := range replica.Serves {
			served[leaseKey{replica.Namespace, replica.names[kind]}]++
		}
	}
	for i := range b.snapshot.Kinds {
		kind := &b.snapshot.Kinds[i]
		kind.Served = served[leaseKey{kind.Namespace, kind.Lease}]
	}
}

// dropTwins leaves one Lease of each kind, that which more replicas go by. A kind has
// two when its Lease was given another name.
func (b *builder) dropTwins() {
	kinds := b.snapshot.Kinds
	slices.SortStableFunc(kinds, func(x, y Kind) int {
		return cmp.Or(cmp.Compare(y.Served, x.Served), cmp.Compare(y.Holder, x.Holder), cmp.Compare(x.Lease, y.Lease))
	})
	type key struct {
		fleet
		shard string
	}
	first := map[key]string{}
	b.snapshot.Kinds = slices.DeleteFunc(kinds, func(k Kind) bool {
		used, twin := first[key{k.fleet(), k.Name()}]
		if !twin {
			first[key{k.fleet(), k.Name()}] = k.Lease
			return false
		}
		b.snapshot.Problems = append(b.snapshot.Problems, fmt.Sprintf(
			"Lease %s/%s: the kind %s has a Lease named %s too, and two names are two elections: delete the one that no replica uses",
			k.Namespace, k.Lease, k.Name(), used))
		return true
	})
}
