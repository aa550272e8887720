package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// TestMoveThereAndBack: a person with the ClusterRole in config/rbac moves a kind to
// another replica and back, and then leaves it to the plan again.
func TestMoveThereAndBack(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.start(names(3)...)
	f.settle()
	p := f.person()
	p.grantAll()
	from := f.owner(database)
	to := f.names()[0]
	if to == from {
		to = f.names()[1]
	}
	for _, move := range [][2]string{{from, to}, {to, from}} {
		mark := f.journal.mark()
		out := p.must("move", "database", "--to", move[1], "--reason", "a look at "+move[1])
		if want := fmt.Sprintf("%s  %s -> %s: ", database, move[0], move[1]); !strings.Contains(out, want) {
			t.Errorf("it says %q, want %q", out, want)
		}
		f.newTerm(database, mark)
		if got := f.owner(database); got != move[1] {
			t.Errorf("%s is run by %s, want %s", database, got, move[1])
		}
		t.Logf("%swithout a reconciler: %v", out, f.journal.gaps(mark)[database])
		within(t, settleTimeout, "what the Pod had to make room", func(ctx context.Context) error {
			owners, err := f.owned(ctx)
			if got := f.counts(owners); err == nil && !slices.Equal(got, []int{1, 2, 2}) {
				err = fmt.Errorf("the split is %v", got)
			}
			return err
		})
		f.renewed()
		if k := p.kind(database); k.Owner != move[1] || k.MoveTo != move[1] || k.Planned != "" {
			t.Errorf("owners -o json says %+v, want it moved by hand to %s", k, move[1])
		}
	}
	if out := p.must("rebalance"); strings.Count(out, "need not be with "+from+" any more") != 1 || strings.Count(out, "was not moved by hand") != 4 {
		t.Errorf("rebalance says %q", out)
	}
	f.settle()
	f.wantEvents(database,
		"KindMoveRequested Move kindred "+database+" is moved to "+to+", which keeps it as long as it can; now "+from+" owns it: a look at "+to,
		"KindMoveRequested Move kindred "+database+" is moved to "+from+", which keeps it as long as it can; now "+to+" owns it: a look at "+from,
		"KindMoveWithdrawn Rebalance kindred "+database+" need not be with "+from+" any more")
	if _, _, err := p.run("move", "database", "--to", "op-9"); err == nil || !strings.Contains(err.Error(), database+" can be given to op-0, op-1, op-2") {
		t.Errorf("a Pod that is not there: %v", err)
	}
}

// TestPauseAndResume: nothing moves to the replicas that come during a pause, a kind
// without an owner is taken all the same, and afterwards the kinds are shared.
func TestPauseAndResume(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.start("op-0", "op-1")
	f.settle()
	p := f.person()
	p.grantAll()
	if out := p.must("pause", "--reason", "scaling up"); strings.Count(out, "as long as it can\n") != 5 {
		t.Errorf("pause says %q", out)
	}
	mark := f.journal.mark()
	f.start("op-2", "op-3", "op-4")
	f.wantMembers()
	f.renewed() // which takes two seconds; the rebalance delay is one
	f.renewed()
	if lines := f.journal.since(mark); len(lines) > 0 {
		t.Errorf("paused, and yet: %v", lines)
	}
	if k := p.kind(database); !k.Paused || k.Planned != "" {
		t.Errorf("owners -o json says %+v, want it paused", k)
	}

	left, kept := f.kindsOf("op-0"), f.kindsOf("op-1")
	f.stop("op-0")
	within(t, settleTimeout, "every kind to have an owner", func(ctx context.Context) error {
		_, err := f.owned(ctx)
		return err
	})
	f.renewed()
	if got := f.kindsOf("op-1"); !slices.Equal(got, kept) || f.journal.starts(mark) != len(left) {
		t.Errorf("op-1 runs %v, want %v still; %d reconcilers were started for the %d kinds of op-0", got, kept, f.journal.starts(mark), len(left))
	}

	p.must("resume")
	f.settle()
	f.wantEvents(database,
		"RebalancingPaused Pause kindred "+database+" is paused: ",
		"RebalancingResumed Resume kindred "+database+" is not paused any more")
}

// TestShippedRoleByHand: every permission in the ClusterRole is needed, and who lacks
// one is told which.
func TestShippedRoleByHand(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.start("op-0")
	f.settle()
	p := f.person()
	for without, want := range map[string]string{
		"list":   fmt.Sprintf("let this user list leases in the API group coordination.k8s.io in namespace %q", f.namespace),
		"watch":  fmt.Sprintf("let this user watch leases in the API group coordination.k8s.io in namespace %q", f.namespace),
		"patch":  fmt.Sprintf("let this user patch leases in the API group coordination.k8s.io in namespace %q; the ClusterRole kindred-by-hand", f.namespace),
		"create": fmt.Sprintf("let this user create events in the API group events.k8s.io in namespace %q; the ClusterRole kindred-by-hand", f.namespace),
	} {
		p.grant(without)
		// The API server learns of a changed role within moments. Each try has
		// something to write.
		within(t, settleTimeout, "to be told about "+without, func(context.Context) error {
			f.takeOff(database, lease.AnnotationMoveTo)
			args := []string{"move", "database", "--to", "op-0"}
			if without == "list" { // a watch can begin without
				args = []string{"pause", "--dry-run=client"}
			}
			_, warnings, err := p.run(args...)
			said := fmt.Sprint(err, warnings)
			if (err == nil) != (without == "create") || !strings.Contains(said, want) {
				return fmt.Errorf("it says %s, want %s", said, want)
			}
			return nil
		})
	}
	p.grant("")
	within(t, settleTimeout, "to be let", func(context.Context) error {
		f.takeOff(database, lease.AnnotationMoveTo)
		_, warnings, err := p.run("move", "database", "--to", "op-0")
		if warnings != "" {
			return fmt.Errorf("it warns: %s", warnings)
		}
		return err
	})
}

// TestPatchForAnotherLease: a patch with the UID of the Lease that was looked at does
// nothing to another one of the same name. That is what the commands rely on.
func TestPatchForAnotherLease(t *testing.T) {
	t.Parallel()
	leases := plane.client.CoordinationV1().Leases(newNamespace(t))
	first, err := leases.Create(t.Context(), &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: "kind"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for uid, wanted := range map[types.UID]bool{first.UID: true, "11111111-2222-3333-4444-555555555555": false} {
		patch := fmt.Sprintf(`{"metadata":{"uid":%q,"annotations":{%q:%[1]q}}}`, uid, lease.AnnotationMoveTo)
		_, err := leases.Patch(t.Context(), "kind", types.MergePatchType, []byte(patch), metav1.PatchOptions{})
		if wanted && err != nil || !wanted && (!apierrors.IsInvalid(err) || !strings.Contains(err.Error(), "metadata.uid")) {
			t.Errorf("with UID %s, the Lease has %s: %v", uid, first.UID, err)
		}
	}
	l, err := leases.Get(t.Context(), "kind", metav1.GetOptions{})
	if err != nil || l.Annotations[lease.AnnotationMoveTo] != string(first.UID) {
		t.Errorf("%v: the Lease says %v, want what was meant for it", err, l.Annotations)
	}
}
