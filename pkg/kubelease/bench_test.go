package kubelease

import (
	"fmt"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

// BenchmarkWatchEvent is what each replica pays for an event of its watch, from the
// bytes of the object, in protobuf as client-go asks for it, to what the core is told:
// a renewal of a Lease, and a heartbeat of a member that serves 200 kinds.
func BenchmarkWatchEvent(b *testing.B) {
	meta := func(name string) metav1.ObjectMeta {
		return metav1.ObjectMeta{
			Name: name, Namespace: "system", UID: "a3f1c2d4-0000-4000-8000-0123456789ab", CreationTimestamp: metav1.Now(),
			ManagedFields: []metav1.ManagedFieldsEntry{{
				Manager: "operator", Operation: metav1.ManagedFieldsOperationUpdate, APIVersion: "coordination.k8s.io/v1", Time: ptr.To(metav1.Now()),
				FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(`{"f:spec":{"f:acquireTime":{},"f:holderIdentity":{},"f:leaseDurationSeconds":{},"f:leaseTransitions":{},"f:renewTime":{}}}`),
			}},
		}
	}
	spec := coordinationv1.LeaseSpec{
		HolderIdentity: ptr.To("op-1_b"), LeaseDurationSeconds: ptr.To[int32](15), LeaseTransitions: ptr.To[int32](3),
		AcquireTime: ptr.To(metav1.NowMicro()), RenewTime: ptr.To(metav1.NowMicro()),
	}
	owner := &coordinationv1.Lease{ObjectMeta: meta("op.queue.example.com"), Spec: spec}
	owner.Labels = lease.Shard{}.Labels("op")
	member := &coordinationv1.Lease{ObjectMeta: meta(lease.MemberName("op", "op-1_b")), Spec: spec}
	member.Labels = lease.MemberLabels("op")
	var serves []string
	for i := range 200 {
		serves = append(serves, fmt.Sprintf(`{"shard":"Kind%04d.example.com","weight":1}`, i))
	}
	member.Annotations = map[string]string{lease.AnnotationMember: `{"instance":"x","phase":"ready","capacity":1,"serves":[` + strings.Join(serves, ",") + `]}`}

	for name, l := range map[string]*coordinationv1.Lease{"renewal": owner, "heartbeat": member} {
		b.Run(name, func(b *testing.B) {
			told := 0
			store := NewStore(leaseapi.New().Client(nil), Options{Component: "op", Identity: "op-0_a", Timing: lease.Timing{}.WithDefaults(),
				Problem: func(operation string, err error) {
					if err != nil {
						b.Errorf("%s: %v", operation, err)
					}
				}})
			feed := &feed{store: store, names: map[string]bool{}, sink: func(lease.Event) { told++ }}
			raw, err := l.Marshal()
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			events := 0
			for b.Loop() {
				events++
				seen := &coordinationv1.Lease{}
				if err := seen.Unmarshal(raw); err != nil {
					b.Fatal(err)
				}
				seen.ResourceVersion = fmt.Sprint(events)
				if err := feed.Add(seen); err != nil {
					b.Fatal(err)
				}
			}
			if told != events {
				b.Errorf("%d events, and the core was told %d", events, told)
			}
		})
	}
}

// TestWatchKeepsWhatItNeeds: nothing of the Leases of other members, and no managed
// fields.
func TestWatchKeepsWhatItNeeds(t *testing.T) {
	store := NewStore(leaseapi.New().Client(nil), Options{Component: "op", Identity: "op-0_a", Timing: lease.Timing{LeaseDuration: 15 * time.Second}.WithDefaults()})
	var told []lease.Event
	feed := &feed{store: store, names: map[string]bool{}, sink: func(e lease.Event) { told = append(told, e) }}
	for _, identity := range []string{"op-0_a", "op-1_b", "op-2_c"} {
		l := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{
			Name: lease.MemberName("op", identity), ResourceVersion: "1", Labels: lease.MemberLabels("op"),
			Annotations:   map[string]string{lease.AnnotationMember: `{"instance":"x","phase":"ready","capacity":1,"serves":[{"shard":"Queue.example.com","weight":1}]}`},
			ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "x"}},
		}, Spec: coordinationv1.LeaseSpec{HolderIdentity: &identity}}
		if err := feed.Add(l); err != nil {
			t.Fatal(err)
		}
	}
	if len(told) != 3 || &told[1].Member.Serves[0] != &told[2].Member.Serves[0] {
		t.Errorf("members that serve the same do not share a list: %+v", told)
	}
	if own := store.known(lease.MemberName("op", "op-0_a")); own == nil || own.ManagedFields != nil {
		t.Errorf("of its own member Lease it knows %+v", own)
	}
	if other := store.known(lease.MemberName("op", "op-1_b")); other != nil {
		t.Errorf("it keeps the Lease of another member: %+v", other)
	}
}
