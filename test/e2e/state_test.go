package e2e

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
	"github.com/kindred-k8s/kindred/pkg/kubelease"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// settleTimeout is how long a fleet may take to carry out its plan, which is some
// seconds when a Lease has to expire first.
const settleTimeout = 30 * time.Second

// settle waits until each kind has one reconciler and a Lease that agrees, the
// split is even, and every object's status was written by its kind's owner.
func (f *fleet) settle() {
	f.t.Helper()
	f.settleWithin(settleTimeout)
}

func (f *fleet) settleWithin(limit time.Duration) {
	f.t.Helper()
	want := even(len(f.kinds), len(f.live))
	within(f.t, limit, fmt.Sprintf("each replica's number of kinds to be %v", want), func(ctx context.Context) error {
		owners, err := f.owned(ctx)
		if err != nil {
			return err
		}
		if got := f.counts(owners); !slices.Equal(got, want) {
			return fmt.Errorf("the split is %v: %v", got, owners)
		}
		return f.reconciled(ctx)
	})
}

// even is the even split, fewest first.
func even(kinds, replicas int) []int {
	var split []int
	for i := range replicas {
		split = append(split, (kinds+i)/replicas)
	}
	return split
}

// counts returns how many kinds each live replica has, fewest first.
func (f *fleet) counts(owners map[string]string) []int {
	counts := map[string]int{}
	for _, owner := range owners {
		counts[owner]++
	}
	var all []int
	for _, name := range f.names() {
		all = append(all, counts[name])
	}
	slices.Sort(all)
	return all
}

// owned returns each kind's owner, or an error when a kind has none, or the Lease
// does not say what the journal says.
func (f *fleet) owned(ctx context.Context) (map[string]string, error) {
	for _, r := range f.live {
		if r.ended() {
			f.t.Fatalf("%s has ended by itself with exit code %d", r.name, r.code)
		}
	}
	running := f.journal.now()
	leases, err := f.leases(ctx, lease.RoleOwner)
	if err != nil {
		return nil, err
	}
	owners := map[string]string{}
	var errs []error
	for _, kind := range f.kinds {
		owner, err := f.agree(kind, running[kind], leases[f.leaseName(kind)])
		errs = append(errs, err)
		owners[kind] = owner
	}
	return owners, errors.Join(errs...)
}

// agree returns who runs a kind, when its Lease says the same.
func (f *fleet) agree(kind string, runs line, l *coordinationv1.Lease) (string, error) {
	if runs.Replica == "" {
		return "", fmt.Errorf("%s has no reconciler", kind)
	}
	if l == nil {
		return "", fmt.Errorf("%s has no Lease", kind)
	}
	record := kubelease.Record(l)
	token := lease.Term{UID: record.UID, Transitions: record.Transitions}.Token()
	if holder := lease.PodName(record.Holder); holder != runs.Replica || token != runs.Term {
		return "", fmt.Errorf("%s is run by %s in term %s, but its Lease names %s and term %s", kind, runs.Replica, runs.Term, holder, token)
	}
	return runs.Replica, nil
}

// leases returns the component's Leases of a role, by name.
func (f *fleet) leases(ctx context.Context, role string) (map[string]*coordinationv1.Lease, error) {
	selector := labels.Set{lease.LabelComponent: f.component, lease.LabelRole: role}.String()
	list, err := plane.client.CoordinationV1().Leases(f.namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil, err
	}
	byName := map[string]*coordinationv1.Lease{}
	for i := range list.Items {
		byName[list.Items[i].Name] = &list.Items[i]
	}
	return byName, nil
}

func (f *fleet) leaseName(kind string) string {
	name, err := lease.ParseShard(kind).Name(f.component)
	if err != nil {
		f.t.Fatal(err)
	}
	return name
}

// reconciled returns nil when every object's status was written by its kind's
// owner in the term that it is in.
func (f *fleet) reconciled(ctx context.Context) error {
	running := f.journal.now()
	for _, kind := range f.kinds {
		gvr := sample.GVR(lease.ParseShard(kind).Kind)
		list, err := plane.objects.Resource(gvr).Namespace(f.objects).List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		if len(list.Items) != perKind {
			return fmt.Errorf("%s has %d objects, want %d", kind, len(list.Items), perKind)
		}
		for _, object := range list.Items {
			pod, _, _ := unstructured.NestedString(object.Object, "status", "pod")
			term, _, _ := unstructured.NestedString(object.Object, "status", "term")
			seen, _, _ := unstructured.NestedInt64(object.Object, "status", "observedGeneration")
			if r := running[kind]; pod != r.Replica || term != r.Term || seen != object.GetGeneration() {
				return fmt.Errorf("%s %s is at generation %d and was reconciled at %d by %q in term %q; the owner is %s in term %s",
					kind, object.GetName(), object.GetGeneration(), seen, pod, term, r.Replica, r.Term)
			}
		}
	}
	return nil
}

// owner returns who runs a kind now.
func (f *fleet) owner(kind string) string { return f.journal.now()[kind].Replica }

// kindsOf returns what a replica runs now.
func (f *fleet) kindsOf(name string) []string {
	var kinds []string
	for kind, runs := range f.journal.now() {
		if runs.Replica == name {
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(kinds)
	return kinds
}

// members returns which replicas have a member Lease.
func (f *fleet) members(ctx context.Context) ([]string, error) {
	leases, err := f.leases(ctx, lease.RoleMember)
	var names []string
	for _, l := range leases {
		names = append(names, lease.PodName(kubelease.Record(l).Holder))
	}
	slices.Sort(names)
	return names, err
}

// database is the kind that tests pick when any will do.
const database = "Database." + sample.Group
