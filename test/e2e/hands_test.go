package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// TestLeaseDeleted: the owner of a Lease that somebody deletes stops, nobody else
// starts beside it, and the kind is owned again.
func TestLeaseDeleted(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.start(names(3)...)
	f.settle()
	mark := f.journal.mark()
	err := plane.client.CoordinationV1().Leases(f.namespace).Delete(t.Context(), f.leaseName(database), metav1.DeleteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	f.newTerm(database, mark)
	f.settle()
	f.onlyMoved(mark, database)
	t.Logf("without a reconciler: %v", f.journal.gaps(mark))
}

// TestLeaseDeletedBehindItsBack: the owner cannot learn of the deletion and works
// on, as it may until its last renewal is too old. Until then nobody else starts.
func TestLeaseDeletedBehindItsBack(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	proxy, kubeconfig := f.proxy("op-0")
	cut := f.launch("op-0", nil, "--kubeconfig="+kubeconfig)
	f.settle() // all are its own
	f.start("op-1", "op-2")
	f.settle()
	kind, mark := f.kindsOf("op-0")[0], f.journal.mark()
	proxy.Hang()
	if err := plane.client.CoordinationV1().Leases(f.namespace).Delete(t.Context(), f.leaseName(kind), metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	f.newTerm(kind, mark)
	delete(f.live, "op-0")
	f.settle()
	proxy.Heal()
	f.live["op-0"] = cut
	f.settle()
}

// TestMembersDeleted: presence is advice. The replicas write it again, and who
// owns what does not change.
func TestMembersDeleted(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.start(names(3)...)
	f.settle()
	before := f.journal.now()
	members, err := f.leases(t.Context(), lease.RoleMember)
	if err != nil {
		t.Fatal(err)
	}
	for name := range members {
		if err := plane.client.CoordinationV1().Leases(f.namespace).Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	f.wantMembers()
	f.renewed()
	if after := f.journal.now(); !maps.Equal(before, after) {
		t.Errorf("owners have changed from %v to %v", before, after)
	}
}

// TestHolderEdited: a Lease that is given to somebody who does not exist is left
// alone for as long as it says, and then taken.
func TestHolderEdited(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.start(names(3)...)
	f.settle()
	mark := f.journal.mark()
	f.edit(database, map[string]any{"holderIdentity": "nobody"})
	edited := time.Now()
	within(t, f.timing.RenewDeadline, "the former owner to stop", func(context.Context) error {
		if runs, busy := f.journal.now()[database]; busy {
			return fmt.Errorf("%s runs it", runs.Replica)
		}
		return nil
	})
	t.Logf("the former owner had stopped %v after the edit", time.Since(edited).Round(time.Millisecond))
	f.newTerm(database, mark)
	f.settle()
	f.onlyMoved(mark, database)
	gap := f.journal.gaps(mark)[database]
	if gap < f.timing.LeaseDuration-500*time.Millisecond {
		t.Errorf("taken over %v after the edit: nobody's Lease had not expired", gap)
	}
	t.Logf("without a reconciler: %v", gap)
}

// TestDurationEdited: a duration that somebody shortens is what others would wait
// for. The owner ends the term and starts one with the right duration.
func TestDurationEdited(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.start(names(3)...)
	f.settle()
	mark := f.journal.mark()
	f.edit(database, map[string]any{"leaseDurationSeconds": 1})
	f.newTerm(database, mark)
	f.settle()
	f.onlyMoved(mark, database)
	l, err := plane.client.CoordinationV1().Leases(f.namespace).Get(t.Context(), f.leaseName(database), metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := *l.Spec.LeaseDurationSeconds, int32(f.timing.LeaseDuration/time.Second); got != want {
		t.Errorf("the Lease lasts %d seconds, want %d", got, want)
	}
}

// edit changes the spec of a kind's Lease as kubectl edit does.
func (f *fleet) edit(kind string, spec map[string]any) {
	f.t.Helper()
	patch, err := json.Marshal(map[string]any{"spec": spec})
	if err != nil {
		f.t.Fatal(err)
	}
	_, err = plane.client.CoordinationV1().Leases(f.namespace).Patch(f.t.Context(), f.leaseName(kind), types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		f.t.Fatal(err)
	}
}

// newTerm waits until a kind's reconciler has started since a mark.
func (f *fleet) newTerm(kind string, mark int) {
	f.t.Helper()
	within(f.t, settleTimeout, "a new term of "+kind, func(context.Context) error {
		for _, l := range f.journal.since(mark) {
			if l.Event == "start" && l.Kind == kind {
				return nil
			}
		}
		return fmt.Errorf("it has not started since: %v", f.journal.since(mark))
	})
}

// onlyMoved checks that no other kind has started or stopped since a mark.
func (f *fleet) onlyMoved(mark int, kind string) {
	f.t.Helper()
	for _, l := range f.journal.since(mark) {
		if l.Kind != kind {
			f.t.Errorf("%s was disturbed: %+v", l.Kind, l)
		}
	}
}

// renewed waits until the Lease of each of the fleet's kinds has been renewed twice
// more.
func (f *fleet) renewed() {
	f.t.Helper()
	for range 2 {
		before, err := f.leases(f.t.Context(), lease.RoleOwner)
		if err != nil {
			f.t.Fatal(err)
		}
		within(f.t, settleTimeout, "every Lease to be renewed", func(ctx context.Context) error {
			after, err := f.leases(ctx, lease.RoleOwner)
			if err != nil {
				return err
			}
			for _, kind := range f.kinds {
				name := f.leaseName(kind)
				if was, is := before[name], after[name]; was == nil || is == nil || was.ResourceVersion == is.ResourceVersion {
					return fmt.Errorf("%s has not been", name)
				}
			}
			return nil
		})
	}
}
