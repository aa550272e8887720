package coordinator_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/elect"
	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

// slow is a delay for every request of a replica, as a real API server has.
const slow = 5 * time.Millisecond

func TestGracefulStopIsTakenOverAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		for _, name := range names(5) {
			f.add(name, five).breakWith(leaseapi.Fault{Delay: slow})
		}
		time.Sleep(20 * time.Second)
		var kind string
		for k, owner := range f.owners() {
			if owner == "op-2" {
				kind = k
			}
		}
		if err := f.stop("op-2"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if _, owned := f.owners()[kind]; !owned {
			t.Fatalf("%s has no owner a second after its owner left", kind)
		}
		// Announcement, release, acquisition: three requests, and no timer.
		if gap := f.gap(kind); gap > 4*slow {
			t.Errorf("%s was without a reconciler for %v, want at most four requests (%v)", kind, gap, 4*slow)
		}
		members, err := f.api.Client(nil).Leases("default").List(t.Context(), metav1.ListOptions{LabelSelector: lease.LabelRole + "=" + lease.RoleMember})
		if err != nil || len(members.Items) != 4 {
			t.Errorf("%d member Leases are left, want the four replicas' (%v)", len(members.Items), err)
		}
	})
}

func TestLosingOneKindKeepsTheOthers(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		f.add("op-0", five)
		time.Sleep(5 * time.Second)
		before := f.started()
		f.edit("Queue", func(holder *string, _ *int32) { *holder = "somebody-else" })
		time.Sleep(time.Second)
		owners := f.owners()
		if _, still := owners["Queue"]; still || len(owners) != 4 {
			t.Errorf("owners are %v, want the four others", owners)
		}
		// The intruder does not renew: the Lease expires and is won back.
		time.Sleep(20 * time.Second)
		if got := len(f.owners()); got != 5 || f.started() != before+1 {
			t.Errorf("%d kinds owned after %d more starts, want 5 and 1", got, f.started()-before)
		}
	})
}

// edit changes a kind's Lease as somebody with kubectl edit would.
func (f *fleet) edit(kind string, change func(holder *string, seconds *int32)) {
	f.t.Helper()
	f.mu.Lock()
	f.edited[kind] = true
	f.mu.Unlock()
	l := f.lease(kind)
	change(l.Spec.HolderIdentity, l.Spec.LeaseDurationSeconds)
	if _, err := f.api.Client(nil).Leases("default").Update(context.Background(), l, metav1.UpdateOptions{}); err != nil {
		f.t.Fatal(err)
	}
	synctest.Wait()
}

func TestLeaseEditedByHand(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		f.add("op-0", five)
		f.add("op-1", five)
		time.Sleep(20 * time.Second)
		f.edit("Queue", func(_ *string, seconds *int32) { *seconds = 1 })
		time.Sleep(5 * time.Second)
		if got := len(f.owners()); got != 5 {
			t.Errorf("%d kinds owned after the duration of one was edited, want 5", got)
		}
		if got := *f.lease("Queue").Spec.LeaseDurationSeconds; got != 15 {
			t.Errorf("leaseDurationSeconds is %d, want it written anew as 15", got)
		}
		f.edit("Queue", func(holder *string, _ *int32) { *holder = "" })
		time.Sleep(5 * time.Second)
		if got := len(f.owners()); got != 5 {
			t.Errorf("%d kinds owned after a Lease was blanked, want 5", got)
		}
	})
}

func TestReconcilerThatFailsIsTriedElsewhere(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		broken := coordinator.Kind{GroupKind: groupKind("Queue"), Reconciler: coordinator.ReconcilerFunc(
			func(context.Context, lease.Term) error { return errors.New("no connection") })}
		f.addKinds("a-broken", []coordinator.Kind{broken})
		time.Sleep(10 * time.Second)
		f.add("b-well", []string{"Queue"})
		time.Sleep(5 * time.Minute)
		if got := f.owners()["Queue"]; got != "b-well" {
			t.Errorf("Queue is owned by %q, want the replica whose reconciler works", got)
		}
	})
}

func TestElectedChannelsAndCause(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		causes := make(chan error, 10)
		kind := coordinator.Kind{GroupKind: groupKind("Queue"), Reconciler: coordinator.ReconcilerFunc(
			func(ctx context.Context, term lease.Term) error {
				<-ctx.Done()
				causes <- context.Cause(ctx)
				return nil
			})}
		r := f.addKinds("op-0", []coordinator.Kind{kind}, func(o *coordinator.Options) {
			o.KindExists = func(context.Context, schema.GroupKind) error {
				time.Sleep(time.Second)
				return nil
			}
		})
		elected := r.Elected(groupKind("Queue"))
		select {
		case <-elected:
			t.Error("elected before the first election")
		default:
		}
		<-elected
		term, ok := r.Term(groupKind("Queue"))
		if !ok || term.Holder != r.Identity() {
			t.Errorf("Term is %v %v, want one of %s", term, ok, r.Identity())
		}
		f.edit("Queue", func(holder *string, _ *int32) { *holder = "somebody-else" })
		var over *coordinator.TermOverError
		if cause := <-causes; !errors.As(cause, &over) || over.Reason != string(elect.HolderChanged) || over.Term != term {
			t.Errorf("the cause is %v, want HolderChanged of term %v", cause, term)
		}
		next := r.Elected(groupKind("Queue"))
		if next == elected {
			t.Error("the next term has the channel of the one before")
		}
		if _, ok := r.Term(groupKind("Queue")); ok {
			t.Error("Term says owned after the term's end")
		}
		<-next
		if r.Elected(groupKind("Unregistered")) != nil {
			t.Error("a kind that is not registered has a channel")
		}
	})
}
