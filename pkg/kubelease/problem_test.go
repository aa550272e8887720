package kubelease

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"

	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

// TestProblemsEnd: what failed in an outage has ended when the API server answers that
// there is nothing left to do, or the watch tells so; otherwise its alert would never
// end.
func TestProblemsEnd(t *testing.T) {
	down := errors.New("connection refused")
	queue := lease.Shard{Kind: schema.GroupKind{Group: "example.com", Kind: "Queue"}, Bucket: 1, Of: 2}
	name, err := queue.Name("op")
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		fails func(s *Store, l *coordinationv1.Lease) error
		ends  func(s *Store, l *coordinationv1.Lease) error // by then l is an old state
	}{
		"a release, and the term is over": {
			fails: func(s *Store, l *coordinationv1.Lease) error { return release(s, queue, l) },
			ends:  func(s *Store, l *coordinationv1.Lease) error { return release(s, queue, l) },
		},
		"a release, and the watch tells of a successor": {
			fails: func(s *Store, l *coordinationv1.Lease) error { return release(s, queue, l) },
			ends:  func(s *Store, l *coordinationv1.Lease) error { return seen(s, l, "op-2_c") },
		},
		"a release, and the watch tells that it is free": {
			fails: func(s *Store, l *coordinationv1.Lease) error { return release(s, queue, l) },
			ends:  func(s *Store, l *coordinationv1.Lease) error { return seen(s, l, "") },
		},
		"a release, and the watch tells that it is gone": {
			fails: func(s *Store, l *coordinationv1.Lease) error { return release(s, queue, l) },
			ends: func(s *Store, l *coordinationv1.Lease) error {
				return (&feed{store: s, names: map[string]bool{}, sink: func(lease.Event) {}}).Delete(l)
			},
		},
		"a look at other layouts, and the watch tells of a successor": {
			fails: func(s *Store, l *coordinationv1.Lease) error {
				_, err := s.Check(context.Background(), termOf(queue, l))
				return err
			},
			ends: func(s *Store, l *coordinationv1.Lease) error { return seen(s, l, "op-2_c") },
		},
		"an eviction, and the Lease has changed": {
			fails: evict, ends: evict,
		},
		"a collection, and the Lease has changed": {
			fails: collect, ends: collect,
		},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // a release pauses between its tries
				api := leaseapi.New()
				fault := leaseapi.Fault{Err: down}
				var failing []string
				store := NewStore(api.Client(func(string, string) leaseapi.Fault { return fault }), Options{
					Component: "op", Namespace: "default", Identity: "op-0_a", Timing: lease.Timing{}.WithDefaults(),
					Problem: func(operation string, err error) {
						failing = slices.DeleteFunc(failing, func(f string) bool { return f == operation })
						if err != nil {
							failing = append(failing, operation)
						}
					},
				})
				client := api.Client(nil).Leases("default")
				l, err := client.Create(t.Context(), &coordinationv1.Lease{
					ObjectMeta: metav1.ObjectMeta{Name: name, Labels: queue.Labels("op")},
					Spec:       coordinationv1.LeaseSpec{HolderIdentity: ptr.To("op-0_a"), LeaseDurationSeconds: ptr.To[int32](15)},
				}, metav1.CreateOptions{})
				if err != nil {
					t.Fatal(err)
				}
				store.remember(l)
				if err := c.fails(store, l); !errors.Is(err, down) || len(failing) != 1 {
					t.Fatalf("in the outage it returned %v, and %q fail", err, failing)
				}
				taken := l.DeepCopy()
				taken.Spec.HolderIdentity = ptr.To("op-1_b")
				if _, err := client.Update(t.Context(), taken, metav1.UpdateOptions{}); err != nil {
					t.Fatal(err)
				}
				fault = leaseapi.Fault{}
				if err := c.ends(store, l); err != nil || len(failing) != 0 {
					t.Errorf("after the outage it returned %v, and %q still fail", err, failing)
				}
			})
		})
	}
}

// TestOwnProblemOutlivesOwnLease: the watch tells of this replica's own state, or again
// of an old one, which ends nothing.
func TestOwnProblemOutlivesOwnLease(t *testing.T) {
	var told []string
	store := NewStore(leaseapi.New().Client(nil), Options{Component: "op", Identity: "op-0_a", Timing: lease.Timing{}.WithDefaults(),
		Problem: func(operation string, err error) { told = append(told, fmt.Sprint(operation, ": ", err)) }})
	l := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: "op.queue.example.com", ResourceVersion: "7"}}
	for _, holder := range []string{"op-0_a", "op-1_b"} { // the second is no news
		l.Spec.HolderIdentity = &holder
		if err := (&feed{store: store, names: map[string]bool{}, sink: func(lease.Event) {}}).Add(l); err != nil {
			t.Fatal(err)
		}
	}
	if len(told) != 0 {
		t.Errorf("it was told %q", told)
	}
}

func termOf(shard lease.Shard, l *coordinationv1.Lease) lease.Term {
	return lease.Term{Shard: shard, Lease: l.Name, Holder: *l.Spec.HolderIdentity, UID: string(l.UID)}
}

func release(s *Store, shard lease.Shard, l *coordinationv1.Lease) error {
	_, err := s.Release(context.Background(), termOf(shard, l), 0)
	return err
}

func evict(s *Store, l *coordinationv1.Lease) error {
	return s.Evict(context.Background(), l.Name, string(l.UID), l.ResourceVersion)
}

func collect(s *Store, l *coordinationv1.Lease) error {
	return s.Collect(context.Background(), l.Name, string(l.UID), l.ResourceVersion)
}

// seen makes the watch tell of a newer state of l.
func seen(s *Store, l *coordinationv1.Lease, holder string) error {
	l = l.DeepCopy()
	l.ResourceVersion, l.Spec.HolderIdentity = "1000", &holder
	return (&feed{store: s, names: map[string]bool{}, sink: func(lease.Event) {}}).Update(l)
}
