package storetest

import (
	"math"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// testLastTransition: a Lease whose leaseTransitions cannot grow is taken all the
// same, in a term with a token that it never had, by one replica of two.
func testLastTransition(e *env) {
	a, b := e.store("a_1"), e.store("b_1")
	first := e.won(a, nil, false)
	released, err := a.Release(e.Context(), first.Term, 1)
	e.must(err)
	l := e.get(leaseName)
	l.Spec.LeaseTransitions = ptr.To[int32](math.MaxInt32)
	last, err := e.leases().Update(e.Context(), l, metav1.UpdateOptions{})
	e.must(err)
	released.Version, released.Transitions = last.ResourceVersion, math.MaxInt32

	late, closeLate, err := b.Lock(shard, lease.Timing{}.WithDefaults(), released, false, func(v lease.LockEvent) { e.Errorf("b_1 was told %+v", v) })
	e.must(err)
	defer closeLate()
	_, _, err = late.Get(e.Context()) // b_1 has looked
	e.must(err)
	second := e.won(a, released, false) // and a_1 is faster
	if second.Term.UID == first.Term.UID || second.Term.Transitions != 0 {
		e.Errorf("the term is %s after %s/%d, want the first of a new Lease", second.Term.Token(), first.Term.UID, math.MaxInt32)
	}
	if err := late.Update(e.Context(), leaderRecord("b_1", released.Transitions+1)); err == nil {
		e.Error("b_1 took the Lease over from a_1")
	}
	if now := e.record(); !second.Term.Is(now) {
		e.Errorf("the Lease is %+v, want it in a_1's term", now)
	}
	if l := e.get(leaseName); l.Labels[lease.LabelRole] != lease.RoleOwner {
		e.Errorf("the labels are %v, want those of an ownership Lease", l.Labels)
	}
}
