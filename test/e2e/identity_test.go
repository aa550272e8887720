package e2e

import (
	"errors"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	coordinationv1 "k8s.io/api/coordination/v1"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// TestIdentityInUse: a replica that has the identity of a live one does not start,
// and does not disturb the other.
func TestIdentityInUse(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	first := f.join("first", "twin_1", plane.config)
	f.ownedBy("twin")
	mark := f.journal.mark()
	if err := f.join("second", "twin_1", plane.config).ends(); !errors.Is(err, coordinator.ErrIdentityInUse) {
		t.Errorf("Run of the second returned %v, want ErrIdentityInUse", err)
	}
	f.renewed()
	if lines := f.journal.since(mark); len(lines) > 0 {
		t.Errorf("the second disturbed the first: %v", lines)
	}
	if err := first.stop(); err != nil {
		t.Errorf("Run of the first returned %v", err)
	}
	// With the first gone the identity is free.
	third := f.join("third", "twin_1", plane.config)
	f.ownedBy("twin")
	if err := third.stop(); err != nil {
		t.Errorf("Run of the third returned %v", err)
	}
}

// TestIdentityOfTheDead: a replica that has the identity of one that was killed
// waits until that one's presence has expired.
func TestIdentityOfTheDead(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	annotation, err := lease.Member{Instance: "dead", Phase: lease.Ready, Capacity: 1}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	left := &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{
			Name: lease.MemberName(f.component, "phoenix_1"), Labels: lease.MemberLabels(f.component),
			Annotations: map[string]string{lease.AnnotationMember: annotation},
		},
		Spec: coordinationv1.LeaseSpec{
			HolderIdentity:       ptr.To("phoenix_1"),
			LeaseDurationSeconds: ptr.To(int32(f.timing.LeaseDuration / time.Second)),
			RenewTime:            ptr.To(metav1.NewMicroTime(time.Now())),
		},
	}
	if _, err := plane.client.CoordinationV1().Leases(f.namespace).Create(t.Context(), left, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	m := f.join("phoenix", "phoenix_1", plane.config)
	f.ownedBy("phoenix")
	if waited := time.Since(began); waited < f.timing.LeaseDuration {
		t.Errorf("started after %v: the dead one's presence had not expired", waited)
	}
	if err := m.stop(); err != nil {
		t.Errorf("Run returned %v", err)
	}
}
