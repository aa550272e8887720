package kubelease

import (
	"context"
	"fmt"
	"math"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/utils/ptr"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// What the lock does about Leases that only a hand can have written.

// givenDuration gives a record without a duration this replica's own, and says
// whether it did. A released Lease needs none.
func (l *Lock) givenDuration(record *resourcelock.LeaderElectionRecord) bool {
	if record.HolderIdentity == "" || record.LeaseDurationSeconds > 0 {
		return false
	}
	record.LeaseDurationSeconds = int(l.store.options.Timing.LeaseDuration / time.Second)
	return true
}

// exhausted says whether no Lease can say what the elector wants to write: it has
// counted on from the greatest number, or from one below zero.
func exhausted(record resourcelock.LeaderElectionRecord) bool {
	return record.LeaderTransitions < 0 || record.LeaderTransitions > math.MaxInt32
}

// inTermOf returns the record with the transitions of the term, once there is one:
// the elector goes on counting from the Lease that replace has deleted.
func (l *Lock) inTermOf(record resourcelock.LeaderElectionRecord) resourcelock.LeaderElectionRecord {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.term != nil {
		record.LeaderTransitions = l.term.Transitions
	}
	return record
}

// replace takes a Lease whose leaseTransitions cannot grow: it deletes the version
// that was last read, and makes the Lease anew, with another UID, so that the
// token of the term is a new one all the same. The elector would write a negative
// number, which the API server refuses, for ever. When somebody is faster between
// the two requests, the Lease is theirs.
func (l *Lock) replace(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	l.mu.Lock()
	last, over := l.last, l.over
	l.mu.Unlock()
	if over {
		return errTermOver
	}
	if err := l.remove(ctx, last.Name, metav1.Preconditions{UID: ptr.To(last.UID), ResourceVersion: ptr.To(last.ResourceVersion)}); err != nil {
		l.report(err)
		return err
	}
	record.LeaderTransitions = 0
	sentAt, err := l.write(ctx, record, l.inner.Create)
	l.written(sentAt, err)
	return err
}

func (l *Lock) remove(ctx context.Context, name string, conditions metav1.Preconditions) error {
	ctx, cancel := context.WithTimeout(ctx, l.store.timeout())
	defer cancel()
	return l.store.client.Delete(ctx, name, metav1.DeleteOptions{Preconditions: &conditions})
}

// whose says what is wrong with a member Lease that names nobody, or a replica
// whose member Lease is another: the plan would count it twice.
func (s *Store) whose(m lease.MemberObservation) error {
	if m.Identity == "" {
		return fmt.Errorf("it is a member Lease without a holderIdentity: delete it; a replica that is alive writes its own again")
	}
	if name := lease.MemberName(s.options.Component, m.Identity); name != m.Lease {
		return fmt.Errorf("it names the replica %.80q, whose member Lease is %q: delete it", m.Identity, name)
	}
	return nil
}
