package doctor

import (
	"fmt"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kindred-k8s/kindred/pkg/inspect"
)

// state is all that the checks look at. A nil map is what could not be read; why is in
// unseen.
type state struct {
	// program is what a person types for this one.
	program string
	query   inspect.Query

	// leases are the Leases at the end of the watch, at the reader's clock; before and
	// after are the snapshots of them at its beginning and its end.
	leases        []coordinationv1.Lease
	at            time.Time
	before, after *inspect.Snapshot
	// renewals are the versions that the watch saw arrive.
	renewals []renewal
	// watched is how long it took; zero when there was none.
	watched time.Duration
	// ahead is how far the reader's clock is ahead of the API server's, whose Date header
	// has whole seconds; clocked says whether that is known.
	ahead   time.Duration
	clocked bool

	// pods are those of replicas, by namespace and name.
	pods map[types.NamespacedName]*corev1.Pod
	// access says what each account may do.
	access []access
	// resources are what the API server calls the kinds that it serves.
	resources map[schema.GroupKind]string
	// policies and bindings are those with a component's label, and LeaseWatch's.
	policies map[string]*admissionv1.ValidatingAdmissionPolicy
	bindings map[string]*admissionv1.ValidatingAdmissionPolicyBinding
	// accounts are the ServiceAccounts of each component's replicas.
	accounts map[component][]types.NamespacedName

	unseen []Unseen
}

// component is one controller in one namespace.
type component struct{ namespace, name string }

func (c component) String() string {
	return fmt.Sprintf("component %s in namespace %s", c.name, c.namespace)
}

// renewal is one version of a Lease with a holder, as it arrived.
type renewal struct {
	namespace, lease, holder string
	// renewed is what the holder wrote, by its own clock; at is the reader's.
	renewed, at time.Time
}

// access is one answer of the API server's authorizer.
type access struct {
	component component
	account   string
	// verb on resource of group in namespace.
	verb, group, resource, namespace string
	// optional is what it is for, if Kindred works without.
	optional string
	allowed  bool
}

// components are those that have Leases, in the order of the snapshot.
func (s *state) components() []component {
	var all []component
	seen := map[component]bool{}
	add := func(namespace, name string) {
		if c := (component{namespace, name}); !seen[c] {
			seen[c] = true
			all = append(all, c)
		}
	}
	for _, k := range s.after.Kinds {
		add(k.Namespace, k.Component)
	}
	for _, r := range s.after.Replicas {
		add(r.Namespace, r.Component)
	}
	return all
}

// replicas are the live replicas of a component that have a member Lease.
func (s *state) replicas(c component) []inspect.Replica {
	var all []inspect.Replica
	for _, r := range s.after.Replicas {
		if r.Namespace == c.namespace && r.Component == c.name && r.Alive && r.Lease != "" {
			all = append(all, r)
		}
	}
	return all
}

// kinds are the kinds of a component.
func (s *state) kinds(c component) []inspect.Kind {
	var all []inspect.Kind
	for _, k := range s.after.Kinds {
		if k.Namespace == c.namespace && k.Component == c.name {
			all = append(all, k)
		}
	}
	return all
}

// earlier is the kind at the beginning of the watch.
func (s *state) earlier(k inspect.Kind) (inspect.Kind, bool) {
	for _, other := range s.before.Kinds {
		if other.Namespace == k.Namespace && other.Lease == k.Lease {
			return other, true
		}
	}
	return inspect.Kind{}, false
}

// miss notes what could not be looked at.
func (s *state) miss(check, fix, why string, args ...any) {
	s.unseen = append(s.unseen, Unseen{Check: check, Why: fmt.Sprintf(why, args...), Fix: fix})
}

// flags are what a command about the component's Leases is given.
func (c component) flags() string { return fmt.Sprintf("-n %s --component %s", c.namespace, c.name) }

func leaseWhere(namespace, name string) string { return "Lease " + namespace + "/" + name }

func groupKind(k inspect.Kind) schema.GroupKind {
	return schema.GroupKind{Group: k.Group, Kind: k.Kind}
}

// deleteLease is the command.
func deleteLease(namespace, name string) string {
	return fmt.Sprintf("kubectl delete lease -n %s %s", namespace, name)
}
