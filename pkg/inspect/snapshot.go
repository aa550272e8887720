package inspect

import (
	"cmp"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindred-k8s/kindred/pkg/assign"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// Snapshot is who owned what at one moment. The JSON form is for programs to
// read; fields may be added to it.
type Snapshot struct {
	// At is the reader's clock when the Leases were read.
	At metav1.MicroTime `json:"at"`
	// Kinds and Replicas are sorted by namespace, component and name.
	Kinds    []Kind    `json:"kinds"`
	Replicas []Replica `json:"replicas"`
	// Problems says which Leases are not what Kindred writes, and what to do.
	Problems []string `json:"problems,omitempty"`
	// Odd has the same, taken apart.
	Odd []Problem `json:"-"`
}

// Problem is one of Snapshot.Problems.
type Problem struct {
	Namespace, Lease, Text string
	// Clock: it is about the clock of the Lease's holder, or of the reader. Hand: it is
	// about what somebody has done with "kindred move". Otherwise the Lease is not what
	// Kindred writes, and may be deleted.
	Clock, Hand bool
}

// problem notes one.
func (s *Snapshot) problem(p Problem) {
	s.Odd = append(s.Odd, p)
	s.Problems = append(s.Problems, "Lease "+p.Namespace+"/"+p.Lease+": "+p.Text)
}

// State is what a kind's Lease looks like to the reader.
type State string

const (
	// Owned: a replica holds the Lease and has renewed it lately.
	Owned State = "owned"
	// Vacant: nobody holds it, or it has not been created yet.
	Vacant State = "vacant"
	// Stale: a replica holds it, but the last renewal is further back than the
	// Lease lasts, by the reader's clock. This is for display only: candidates
	// judge by what they have watched themselves.
	Stale State = "stale"
)

// Kind is one kind, or one bucket of a kind that is split, and its owner.
type Kind struct {
	Kind  string `json:"kind"`
	Group string `json:"group"`
	// Bucket of Of, counted from 0, is the part of the kind's objects that this is about.
	// Of is 0, and left out with Bucket, when the kind is not split.
	Bucket    int    `json:"bucket,omitempty"`
	Of        int    `json:"of,omitempty"`
	Namespace string `json:"namespace"`
	Component string `json:"component"`
	// Lease is the ownership Lease's name, also when it does not exist yet.
	Lease string `json:"lease"`
	// Owner is the Name of the replica that owns it and Holder its Identity, which
	// is the Lease's holderIdentity. Both are empty when the kind is vacant.
	Owner  string `json:"owner"`
	Holder string `json:"holder"`
	// Term is the Lease's leaseTransitions and Token identifies the term also
	// across a deletion of the Lease (lease.Term.Token). A vacant kind's are those
	// of its last term.
	Term  int    `json:"term"`
	Token string `json:"token,omitempty"`
	// Since is when the term began and Renewed when its Lease was last renewed,
	// both by the owner's clock. Null when the Lease does not say.
	Since   metav1.MicroTime `json:"since"`
	Renewed metav1.MicroTime `json:"renewed"`
	State   State            `json:"state"`
	// Served is how many live, ready replicas say that they can own it.
	Served int `json:"served"`
	// UID is the Lease's; empty when it does not exist yet. Token has it too.
	UID string `json:"-"`
	// MoveTo is the Pod, or the identity, that somebody has chosen as the owner, and
	// Paused says that somebody wants the owner to stay ("kindred move" and "kindred
	// pause").
	MoveTo string `json:"moveTo,omitempty"`
	Paused bool   `json:"paused,omitempty"`
	// Planned is the identity of the replica that the plan gives the kind to; empty
	// when that is Holder, or nobody. It is what the reader makes of the Leases: a
	// replica may know of a rollout, or that another one has ended.
	Planned string `json:"planned,omitempty"`
	// Together names the kinds that have one owner; empty when the kind is on its own.
	Together string `json:"together,omitempty"`
	// Because is why the plan gives the kind to Planned, or leaves it with Holder; empty
	// when there is no plan, because no replica is alive.
	Because assign.Reason `json:"because,omitempty"`
	// Weight is how much work the kind is, relative to the others; zero when no live
	// replica says.
	Weight int64 `json:"weight,omitempty"`
	// LeaseSeconds is the duration in the Lease: how long others wait after a renewal.
	LeaseSeconds int32 `json:"leaseSeconds,omitempty"`
	// Node is where the owner runs; empty when that was not asked (FillNodes) or is not
	// known.
	Node string `json:"node,omitempty"`

	// moves is how often it was moved in a short time (lease.AnnotationMoves).
	moves int
}

// Name is the kind as people write it: Database.sample.kindred.dev, and of a bucket
// Database.sample.kindred.dev/1-of-4.
func (k Kind) Name() string { return k.shard().String() }

// Part is which bucket it is, as in 1-of-4; empty when the kind is not split.
func (k Kind) Part() string { return k.shard().Part() }

func (k Kind) shard() lease.Shard { return shardOf(k.Kind, k.Group, k.Bucket, k.Of) }

func (k Kind) fleet() fleet { return fleet{k.Namespace, k.Component} }

// Replica is one process of a component: one that has a member Lease, or one
// that only holds ownership Leases, as a plain LeaderElector does.
type Replica struct {
	// Name is the Pod's name. Identity is unique where Name need not be: the
	// containers that ran in one Pod one after the other share the Name.
	Name      string `json:"name"`
	Identity  string `json:"identity"`
	Namespace string `json:"namespace"`
	Component string `json:"component"`
	// Lease is the member Lease; empty when there is none. Then Phase is empty,
	// Serves too, and Capacity is zero: nothing is known but what it owns.
	Lease    string      `json:"lease,omitempty"`
	Phase    lease.Phase `json:"phase,omitempty"`
	Capacity int64       `json:"capacity,omitempty"`
	// Owned is how many kinds it holds, stale ones included; Owns names them.
	Owned   int              `json:"owned"`
	Owns    []string         `json:"owns"`
	Serves  []string         `json:"serves"`
	Renewed metav1.MicroTime `json:"renewed"`
	// Alive: its member Lease, or without one any Lease that it holds, was renewed
	// lately by the reader's clock. For display, as Stale is.
	Alive bool `json:"alive"`
	// Load is the weight of what it owns. The plan evens out load over capacity.
	Load int64 `json:"load"`
	// Revision is the version of the program that it runs; empty when not known.
	Revision string `json:"revision,omitempty"`
	// Joined is when the first process of its container joined, by the API server's
	// clock; null without a member Lease.
	Joined metav1.Time `json:"joined"`
	// LeaseSeconds is the duration in its member Lease.
	LeaseSeconds int32 `json:"leaseSeconds,omitempty"`
	// Node is where it runs, as Kind.Node.
	Node string `json:"node,omitempty"`
	// PodUID is its Pod's; empty when it does not say.
	PodUID string `json:"podUID,omitempty"`

	// weights, groups and names, which are those of the Leases, are by kind; started is when the process was, by the node's
	// clock. fixed are the kinds that somebody wants it to keep.
	weights map[string]int64
	groups  map[string]string
	names   map[string]string
	started int64
	fixed   map[string]bool
}

func (r Replica) fleet() fleet { return fleet{r.Namespace, r.Component} }

// CanTake says whether the replica may be given the kind: it is alive, ready, and
// serves it.
func (r Replica) CanTake(kind string) bool { return r.ready() && r.serves(kind) }

// Serving says whether the replica says that it can run the kind.
func (r Replica) Serving(kind string) bool { return r.serves(kind) }

// Condition is the replica's phase, or "not alive", or "not a member".
func (r Replica) Condition() string { return r.condition() }

// ready says whether the plan may give the replica kinds.
func (r Replica) ready() bool { return r.Alive && r.Phase == lease.Ready }

func (r Replica) serves(kind string) bool { return r.weights[kind] > 0 }

// fleet is what one plan is made for: the replicas of one component.
type fleet struct{ namespace, component string }

func (f fleet) compare(other fleet) int {
	if order := strings.Compare(f.namespace, other.namespace); order != 0 {
		return order
	}
	return strings.Compare(f.component, other.component)
}

func (s *Snapshot) sort() {
	slices.SortFunc(s.Kinds, func(a, b Kind) int {
		if order := a.fleet().compare(b.fleet()); order != 0 {
			return order
		}
		whole := strings.Compare(shardOf(a.Kind, a.Group, 0, 0).String(), shardOf(b.Kind, b.Group, 0, 0).String())
		return cmp.Or(whole, cmp.Compare(a.Of, b.Of), cmp.Compare(a.Bucket, b.Bucket))
	})
	slices.SortFunc(s.Replicas, func(a, b Replica) int {
		if order := a.fleet().compare(b.fleet()); order != 0 {
			return order
		}
		return naturally(a.Name+"\x00"+a.Identity, b.Name+"\x00"+b.Identity)
	})
	slices.SortFunc(s.Odd, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Lease, b.Lease), strings.Compare(a.Text, b.Text))
	})
	s.Odd = slices.Compact(s.Odd)
	slices.Sort(s.Problems)
	s.Problems = slices.Compact(s.Problems)
}

// naturally orders replica-2 before replica-10: digits are compared as numbers.
func naturally(a, b string) int {
	for a != "" && b != "" {
		na, nb := digits(a), digits(b)
		if na > 0 && nb > 0 {
			x, y := strings.TrimLeft(a[:na], "0"), strings.TrimLeft(b[:nb], "0")
			if len(x) != len(y) {
				return len(x) - len(y)
			}
			if order := strings.Compare(x, y); order != 0 {
				return order
			}
			a, b = a[na:], b[nb:]
			continue
		}
		if a[0] != b[0] {
			return int(a[0]) - int(b[0])
		}
		a, b = a[1:], b[1:]
	}
	return len(a) - len(b)
}

// digits is how many digits text begins with.
func digits(text string) int {
	n := 0
	for n < len(text) && text[n] >= '0' && text[n] <= '9' {
		n++
	}
	return n
}
