package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// TestRollingUpdate: five replicas are replaced one after the other by those of a
// newer revision, with reconcilers that take three seconds to finish. No kind moves
// more than twice, none to a replica that is about to be replaced, and the first new
// replica is not given everything. (The journal fails the test if two reconcilers of
// one kind ever run at once.)
func TestRollingUpdate(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	const finish = "--finish-duration=3s"
	for _, name := range names(5) {
		f.launch(name, nil, "--revision=old", finish)
	}
	f.settle()
	mark := f.journal.mark()
	for i, old := range names(5) {
		next := fmt.Sprintf("new-%d", i)
		f.launch(next, nil, "--revision=new", finish)
		within(t, settleTimeout, next+" to be ready", func(ctx context.Context) error { return f.offersAll(ctx, next) })
		f.stop(old)
		if i == 0 {
			// Five kinds, five replicas: twice the share of the new one is two.
			first := 0
			for _, r := range f.journal.now() {
				if r.Replica == next {
					first++
				}
			}
			if first > 2 {
				t.Errorf("the first new replica was given %d kinds of five", first)
			}
		}
	}
	f.settle()
	moves, all := map[string]int{}, 0
	for _, l := range f.journal.since(mark) {
		if l.Event != "start" {
			continue
		}
		moves[l.Kind]++
		all++
		if len(l.Replica) < 4 || l.Replica[:4] != "new-" {
			t.Errorf("%s moved to %s, which was to be replaced", l.Kind, l.Replica)
		}
	}
	for _, kind := range f.kinds {
		if moves[kind] < 1 || moves[kind] > 2 {
			t.Errorf("%s moved %d times in the update, want once or twice", kind, moves[kind])
		}
	}
	longest := time.Duration(0)
	for _, gap := range f.journal.gaps(mark) {
		longest = max(longest, gap)
	}
	t.Logf("%d moves of %d kinds; without a reconciler for %v at most", all, len(f.kinds), longest.Round(time.Millisecond))
	if longest > 5*time.Second { // far less than a Lease that expires, on a busy machine
		t.Errorf("a kind was without a reconciler for %v", longest)
	}
}

// offersAll returns nil when a replica says that it is ready and serves every kind.
func (f *fleet) offersAll(ctx context.Context, name string) error {
	members, err := f.leases(ctx, lease.RoleMember)
	if err != nil {
		return err
	}
	for _, l := range members {
		m, err := lease.DecodeMember(*l.Spec.HolderIdentity, l.Annotations[lease.AnnotationMember])
		if err != nil {
			return err
		}
		if lease.PodName(m.Identity) == name && m.Phase == lease.Ready && len(m.Serves) == len(f.kinds) {
			return nil
		}
	}
	return fmt.Errorf("%d members, and it is none that serves all", len(members))
}
