package coordinator_test

import (
	"context"
	"maps"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// A kind's Lease has the name that it was given; it is handed over, and taken over, by
// that name, and no other Lease is made for the kind.
func TestLeaseName(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		const given = "controller.pkg.reconciler.queue.00-of-01"
		f := newFleet(t)
		add := func(name string) {
			f.addKinds(name, f.registered(name, []string{"Queue", "Topic"}, func(k *coordinator.Kind) {
				if k.GroupKind == groupKind("Queue") {
					k.LeaseName = given
				}
			}))
			time.Sleep(15 * time.Second)
		}
		add("op-0")
		add("op-1")
		f.wantOwned(1, 1)
		l, err := f.api.Client(nil).Leases("default").Get(context.Background(), given, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if got := lease.PodName(*l.Spec.HolderIdentity); got != f.owners()["Queue"] {
			t.Errorf("%s holds it, and %s runs the kind", got, f.owners()["Queue"])
		}
		if l.Labels[lease.LabelName] != lease.NameGiven || l.Labels[lease.LabelKind] != "Queue" {
			t.Errorf("its labels are %v", l.Labels)
		}
		if l := f.lease("Queue"); l != nil {
			t.Errorf("there is a Lease %s too", l.Name)
		}
		if err := f.stop(f.owners()["Queue"]); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second)
		f.wantOwned(2)
		if gap := f.gap("Queue"); gap > time.Second {
			t.Errorf("nobody had the kind for %v", gap)
		}
	})
}

// The Leases of buckets have the name that was given, and their suffix; so has the mark
// of the whole kind.
func TestLeaseNameOfBuckets(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		wait := func(ctx context.Context, _ lease.Term) error {
			<-ctx.Done()
			return nil
		}
		f.addKinds("op-0", []coordinator.Kind{{
			GroupKind: groupKind("Queue"), Reconciler: coordinator.ReconcilerFunc(wait),
			LeaseName: "controller.pkg.queue", Buckets: 2,
		}})
		time.Sleep(5 * time.Second)
		list, err := f.api.Client(nil).Leases("default").List(context.Background(), metav1.ListOptions{LabelSelector: lease.LabelRole + "=" + lease.RoleOwner})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, l := range list.Items {
			got[l.Name] = *l.Spec.HolderIdentity
			if l.Labels[lease.LabelName] != lease.NameGiven {
				t.Errorf("the labels of %s are %v", l.Name, l.Labels)
			}
		}
		want := map[string]string{
			"controller.pkg.queue":          "",
			"controller.pkg.queue.00-of-02": f.replicas["op-0"].Identity(),
			"controller.pkg.queue.01-of-02": f.replicas["op-0"].Identity(),
		}
		if !maps.Equal(got, want) {
			t.Errorf("the Leases and their holders are %v, want %v", got, want)
		}
	})
}

func TestLeaseNameErrors(t *testing.T) {
	run := coordinator.ReconcilerFunc(func(context.Context, lease.Term) error { return nil })
	kind := func(name, leaseName string) coordinator.Kind {
		return coordinator.Kind{GroupKind: groupKind(name), Reconciler: run, LeaseName: leaseName}
	}
	long := kind("Cache", "of.a.long")
	long.GroupKind = schema.GroupKind{Group: strings.Repeat("g", 60) + ".example.com", Kind: "Cache"}
	split := kind("F", strings.Repeat("a.", 121)+"bcd")
	split.Buckets = 2 // with .00-of-02 its name is a character too long
	_, err := coordinator.NewWithLeases(nil, quiet("op-0"), split,
		kind("Queue", "op.member-1"), kind("Topic", "Not_valid"), kind("A", "twice.the.same"), kind("B", "twice.the.same"),
		kind("C", "op.database.sample.kindred.dev"), kind("Database", ""), kind("D", "once"), kind("D", "again"), long, kind("E", "controller.queue.00-of-02"))
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		`kind Queue.sample.kindred.dev: lease name "op.member-1" could be that of a replica's own Lease`,
		`kind Topic.sample.kindred.dev: lease name "Not_valid" is not a valid name`,
		`kinds A.sample.kindred.dev and B.sample.kindred.dev would share the Lease "twice.the.same"`,
		`kinds C.sample.kindred.dev and Database.sample.kindred.dev would share the Lease "op.database.sample.kindred.dev"`,
		`kind D.sample.kindred.dev is registered twice`,
		`its group is too long for a label`,
		`kind E.sample.kindred.dev: lease name "controller.queue.00-of-02" ends like the name of a bucket's Lease`,
		`.bcd.00-of-02", which has 254 characters`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
}
