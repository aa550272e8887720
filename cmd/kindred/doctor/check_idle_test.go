package doctor

import (
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindred-k8s/kindred/pkg/inspect"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

func TestIdle(t *testing.T) {
	two := []coordinationv1.Lease{owned("Cache", "a"), owned("Queue", "a"), member("a", "Cache Queue")}
	idle := func(edits ...func(*coordinationv1.Lease, *lease.Member)) *state {
		return stateOf(append(two[:3:3], member("b", "Cache Queue", edits...))...)
	}
	want(t, checkIdle(idle()),
		"warning Lease ns/op.b-1: b is alive and ready since 1h0m0s and owns nothing, although it should have ... kubectl logs -n ns b")
	want(t, checkIdle(idle(func(l *coordinationv1.Lease, _ *lease.Member) {
		l.CreationTimestamp = metav1.NewTime(now.Add(-10 * time.Second))
	})))
	want(t, checkIdle(idle(func(_ *coordinationv1.Lease, m *lease.Member) { m.Phase = lease.Draining })))
	want(t, checkIdle(idle(func(_ *coordinationv1.Lease, m *lease.Member) { m.Revision = "2" })))
	want(t, checkIdle(idle(func(_ *coordinationv1.Lease, m *lease.Member) { m.Serves = nil })))
	// With fewer kinds than replicas, some own nothing.
	want(t, checkIdle(stateOf(owned("Cache", "a"), member("a", "Cache"), member("b", "Cache"))))
	s := idle()
	s.before = inspect.Build(two, now)
	want(t, checkIdle(s)) // it was not planned to have anything before
}
