package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// object is a part of a Lease as JSON.
type object = map[string]any

// patch changes a Lease as kubectl patch does.
func (f *fleet) patch(name string, change object) error {
	f.t.Helper()
	patch, err := json.Marshal(change)
	if err != nil {
		f.t.Fatal(err)
	}
	_, err = plane.client.CoordinationV1().Leases(f.namespace).Patch(f.t.Context(), name, types.MergePatchType, patch, metav1.PatchOptions{})
	return err
}

// well waits until a kind's Lease is in the hands of a replica that runs the kind,
// and is as Kindred writes it.
func (f *fleet) well(kind, after string) {
	f.t.Helper()
	within(f.t, settleTimeout, kind+" to be well again after "+after, func(ctx context.Context) error {
		if _, err := f.owned(ctx); err != nil {
			return err
		}
		l, err := plane.client.CoordinationV1().Leases(f.namespace).Get(ctx, f.leaseName(kind), metav1.GetOptions{})
		if err != nil {
			return err
		}
		for key, value := range lease.ParseShard(kind).Labels(f.component) {
			if l.Labels[key] != value {
				return fmt.Errorf("its label %s is %q", key, l.Labels[key])
			}
		}
		if seconds := l.Spec.LeaseDurationSeconds; seconds == nil || *seconds != int32(f.timing.LeaseDuration/time.Second) {
			return fmt.Errorf("it lasts %v seconds", seconds)
		}
		return nil
	})
}

// TestHostileLease: somebody writes into the Lease of one kind whatever the API
// server lets through. No replica ends, the other kinds are left alone, and the
// kind is owned again each time.
func TestHostileLease(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.start(names(3)...)
	f.settle()
	mark := f.journal.mark()
	for _, refused := range []object{
		{"leaseDurationSeconds": -1}, {"leaseDurationSeconds": 0}, {"leaseDurationSeconds": math.MaxInt32 + 1},
		{"leaseTransitions": -1}, {"leaseTransitions": math.MaxInt32 + 1}, {"renewTime": "yesterday"},
	} {
		if err := f.patch(f.leaseName(database), object{"spec": refused}); !apierrors.IsInvalid(err) && !apierrors.IsBadRequest(err) {
			t.Errorf("%v: %v, want the API server to refuse it", refused, err)
		}
	}
	for _, change := range []struct {
		what string
		object
	}{
		{"no duration", object{"spec": object{"leaseDurationSeconds": nil}}},
		{"the longest duration", object{"spec": object{"leaseDurationSeconds": math.MaxInt32}}},
		{"no times", object{"spec": object{"renewTime": nil, "acquireTime": nil}}},
		{"times long past", object{"spec": object{"renewTime": "0001-01-01T00:00:00.000000Z", "acquireTime": "1970-01-01T00:00:00.000000Z"}}},
		{"times far ahead", object{"spec": object{"renewTime": "9999-12-31T23:59:59.999999Z", "acquireTime": "9999-12-31T23:59:59.999999Z"}}},
		{"the last transition", object{"spec": object{"leaseTransitions": math.MaxInt32}}},
		{"a strategy", object{"spec": object{"strategy": "OldestEmulationVersion", "preferredHolder": "intruder"}}},
		{"a foreign holder", object{"spec": object{"holderIdentity": "intruder"}}},
		{"a foreign holder and nothing else", object{"spec": object{"holderIdentity": "intruder", "leaseDurationSeconds": nil,
			"renewTime": nil, "acquireTime": nil}}}, // without leaseTransitions, tokens would come again
		{"a very long holder", object{"spec": object{"holderIdentity": strings.Repeat("x", 200_000), "leaseDurationSeconds": 1}}},
		{"a holder that is no text", object{"spec": object{"holderIdentity": "\x1b[2J\n\u202e\u212a\x00", "leaseDurationSeconds": 1}}},
		{"the role of a member", object{"metadata": object{"labels": object{lease.LabelRole: lease.RoleMember}}}},
		{"huge annotations", object{"metadata": object{"annotations": object{lease.AnnotationMember: strings.Repeat("[", 200_000)}}}},
		{"somebody's ward", object{"metadata": object{"ownerReferences": []object{{"apiVersion": "v1", "kind": "Pod", "name": "gone", "uid": "gone"}}}}},
	} {
		if err := f.patch(f.leaseName(database), change.object); err != nil {
			t.Fatalf("%s: %v", change.what, err)
		}
		f.well(database, change.what)
	}
	f.deletedWithFinalizer()
	f.heldFor68Years()
	f.settle()
	f.onlyMoved(mark, database)

	// While the watch does not show it, anybody may be the first to take it, and then
	// balance may move another kind.
	if err := f.patch(f.leaseName(database), object{"metadata": object{"labels": nil}}); err != nil {
		t.Fatal(err)
	}
	f.well(database, "no labels")
	f.settle()
}

// deletedWithFinalizer: a Lease that cannot go yet when it is deleted is renewed as
// before, and made anew once it has gone.
func (f *fleet) deletedWithFinalizer() {
	f.t.Helper()
	name, leases := f.leaseName(database), plane.client.CoordinationV1().Leases(f.namespace)
	if err := f.patch(name, object{"metadata": object{"finalizers": []string{"example.com/later"}}}); err != nil {
		f.t.Fatal(err)
	}
	mark := f.journal.mark()
	if err := leases.Delete(f.t.Context(), name, metav1.DeleteOptions{}); err != nil {
		f.t.Fatal(err)
	}
	f.renewed()
	for _, l := range f.journal.since(mark) {
		f.t.Errorf("the Lease still exists, and yet %+v", l)
	}
	if err := f.patch(name, object{"metadata": object{"finalizers": nil}}); err != nil {
		f.t.Fatal(err)
	}
	f.newTerm(database, mark)
	f.well(database, "its deletion")
}

// heldFor68Years: a Lease is held for as long as it says, until somebody writes a
// shorter duration.
func (f *fleet) heldFor68Years() {
	f.t.Helper()
	mark := f.journal.mark()
	f.edit(database, map[string]any{"holderIdentity": "intruder", "leaseDurationSeconds": math.MaxInt32})
	within(f.t, settleTimeout, "the others to be renewed for two Leases", f.passing(2*f.timing.LeaseDuration))
	for _, l := range f.journal.since(mark) {
		if l.Kind == database && l.Event == "start" {
			f.t.Errorf("taken from somebody who holds it for 68 years: %+v", l)
		}
	}
	f.edit(database, map[string]any{"leaseDurationSeconds": 1})
	f.newTerm(database, mark)
	f.well(database, "the duration was shortened")
}

// passing is a condition that comes true after a time, during which nobody may end.
func (f *fleet) passing(d time.Duration) func(context.Context) error {
	until := time.Now().Add(d)
	return func(context.Context) error {
		for _, r := range f.live {
			if r.ended() {
				f.t.Fatalf("%s has ended by itself with exit code %d", r.name, r.code)
			}
		}
		if left := time.Until(until); left > 0 {
			return fmt.Errorf("%v to go", left)
		}
		return nil
	}
}

// TestHostileMembers: hundreds of member Leases that no replica has written, and
// the worst in one that a replica has, end nothing and move nothing. A replica that
// joins gets its share all the same.
func TestHostileMembers(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.start(names(3)...)
	f.settle()
	mark := f.journal.mark()
	leases := plane.client.CoordinationV1().Leases(f.namespace)
	members, err := f.leases(t.Context(), lease.RoleMember)
	if err != nil {
		t.Fatal(err)
	}
	var victim *coordinationv1.Lease
	for _, victim = range members {
		break
	}
	for i := range 300 {
		identity := fmt.Sprintf("junk-%d_abc", i)
		l := &coordinationv1.Lease{
			ObjectMeta: metav1.ObjectMeta{Name: lease.MemberName(f.component, identity), Labels: lease.MemberLabels(f.component)},
			Spec:       coordinationv1.LeaseSpec{HolderIdentity: &identity, LeaseDurationSeconds: ptr.To[int32](math.MaxInt32)},
		}
		says := []string{
			`{"phase":"ready","capacity":9223372036854775807,"serves":[{"shard":"Unknown.example.com","weight":9223372036854775807}]}`,
			`{"phase":"draining","serves":[{"shard":"` + database + `"}]}`,
			strings.Repeat("[", 20_000),
			`{"capacity":NaN,"capacity":1}`,
		}[i%4]
		if i%5 == 0 { // in the name of a replica that lives
			l.Spec.HolderIdentity = victim.Spec.HolderIdentity
		}
		l.Annotations = map[string]string{lease.AnnotationMember: says}
		if _, err := leases.Create(t.Context(), l, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, change := range []object{
		{"metadata": object{"annotations": nil}},
		{"metadata": object{"annotations": object{lease.AnnotationMember: strings.Repeat(`{"serves":[`, 15_000)}}},
		{"metadata": object{"labels": nil}},
		{"spec": object{"holderIdentity": "intruder", "leaseDurationSeconds": math.MaxInt32}},
		{"spec": nil},
	} {
		if err := f.patch(victim.Name, change); err != nil {
			t.Fatalf("%.80v: %v", change, err)
		}
		f.renewed()
	}
	if lines := f.journal.since(mark); len(lines) > 0 {
		t.Errorf("kinds have moved: %+v", lines)
	}
	f.start("op-3", "op-4")
	f.settle()
	if live, err := f.members(t.Context()); err != nil || !slices.Contains(live, lease.PodName(*victim.Spec.HolderIdentity)) {
		t.Errorf("the members are %v, %v; want %s among them", live, err, *victim.Spec.HolderIdentity)
	}
}
