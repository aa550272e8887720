package coordinator_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

// Three replicas share one kind, and go on when one of them leaves.
func TestBucketsAreShared(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f, o := newFleet(t), newObjects(t, 60)
		for _, name := range names(3) {
			f.addKinds(name, []coordinator.Kind{o.kind(name, 6)})
		}
		time.Sleep(10 * time.Second)
		if got := o.wantAll(6); !slices.Equal(got, []int{2, 2, 2}) {
			t.Errorf("buckets per replica: %v", got)
		}
		o.ownerless()
		if err := f.stop("op-0"); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second)
		if got := o.wantAll(6); !slices.Equal(got, []int{3, 3}) {
			t.Errorf("buckets per replica after one has left: %v", got)
		}
		if gap := o.ownerless(); gap > 100*time.Millisecond {
			t.Errorf("some object had no owner for %v", gap)
		}
	})
}

// What Elected, Term and Terms tell of a kind with buckets.
func TestTermsOfBuckets(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f, o := newFleet(t), newObjects(t, 10)
		r := f.addKinds("op-0", []coordinator.Kind{o.kind("op-0", 3)})
		database := groupKind("Database")
		before := r.Elected(database)
		time.Sleep(time.Second)
		select {
		case <-before:
		default:
			t.Error("the replica owns every bucket and the channel is open")
		}
		var parts []string
		for _, term := range r.Terms(database) {
			parts = append(parts, term.Shard.Part())
		}
		if !slices.Equal(parts, []string{"0-of-3", "1-of-3", "2-of-3"}) {
			t.Errorf("it has the terms %v", parts)
		}
		if term, ok := r.Term(database); !ok || term != r.Terms(database)[0] {
			t.Errorf("Term is %v, %v: want the first of Terms", term, ok)
		}
		if err := f.stop("op-0"); err != nil {
			t.Error(err)
		}
		if terms := r.Terms(database); len(terms) != 0 {
			t.Errorf("it has left, and has the terms %v", terms)
		}
		select {
		case <-r.Elected(database):
			t.Error("it has left, and the channel is closed")
		default:
		}
	})
}

// A rolling update changes the number of buckets: no object is ever with two, and none
// is long without anybody.
func TestRollingUpdateChangesBuckets(t *testing.T) {
	for _, change := range [][2]int{{0, 4}, {4, 0}, {2, 4}, {4, 3}} {
		t.Run(fmt.Sprintf("from %d to %d", change[0], change[1]), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				f, o := newFleet(t), newObjects(t, 40)
				o.drain = 50 * time.Millisecond
				revision := func(r string) func(*coordinator.Options) {
					return func(opts *coordinator.Options) { opts.Revision = r }
				}
				for _, name := range names(3) {
					f.addKinds(name, []coordinator.Kind{o.kind(name, change[0])}, revision("old"))
					time.Sleep(time.Second)
				}
				time.Sleep(10 * time.Second)
				o.wantAll(change[0])
				o.ownerless()
				for i, name := range names(3) {
					next := fmt.Sprintf("new-%d", i)
					f.addKinds(next, []coordinator.Kind{o.kind(next, change[1])}, revision("new"))
					time.Sleep(5 * time.Second)
					if err := f.stop(name); err != nil {
						t.Error(err)
					}
					time.Sleep(5 * time.Second)
				}
				time.Sleep(10 * time.Second)
				o.wantAll(change[1])
				if gap := o.ownerless(); gap > 200*time.Millisecond {
					t.Errorf("some object had no owner for %v", gap)
				}
			})
		})
	}
}

// What is wrong with how kinds are split is reported all at once.
func TestBucketsThatCannotBe(t *testing.T) {
	options := quiet("op-0")
	options.Admitted = func(context.Context, schema.GroupKind) error { return nil }
	nothing := coordinator.ReconcilerFunc(nil)
	long := schema.GroupKind{Group: strings.Repeat("a.", 120) + "dev", Kind: "Long"} // fits, but not with a bucket
	_, err := coordinator.NewWithLeases(leaseapi.New().Client(nil), options,
		coordinator.Kind{GroupKind: groupKind("Cache"), Reconciler: nothing, Buckets: -1},
		coordinator.Kind{GroupKind: groupKind("Topic"), Reconciler: nothing, Buckets: lease.MaxBuckets + 1},
		coordinator.Kind{GroupKind: groupKind("Database"), Reconciler: nothing, Buckets: 2, Group: "storage"},
		coordinator.Kind{GroupKind: schema.GroupKind{Group: "dev.01-of-04", Kind: "Queue"}, Reconciler: nothing},
		coordinator.Kind{GroupKind: long, Reconciler: nothing, Buckets: 3},
	)
	if err == nil {
		t.Fatal("it is accepted")
	}
	for _, part := range []string{
		"Cache.sample.kindred.dev has -1 buckets", "Topic.sample.kindred.dev has 101 buckets", "2 buckets and the group \"storage\"",
		"2 buckets, and admitted is given", "Queue.dev.01-of-04: the last part of its group reads like a bucket", "/0-of-3: its Lease would be named",
	} {
		if n := strings.Count(err.Error(), part); n != 1 {
			t.Errorf("the error says %q %d times, want once", part, n)
		}
	}
	if t.Failed() {
		t.Log(err)
	}
}

// A bucket weighs its share of the kind.
func TestWeightOfBuckets(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f, o := newFleet(t), newObjects(t, 10)
		heavy := o.kind("op-0", 4)
		heavy.Weight = 10
		f.addKinds("op-0", []coordinator.Kind{heavy})
		time.Sleep(time.Second)
		l, err := f.api.Client(nil).Leases("default").Get(t.Context(), lease.MemberName("op", f.replicas["op-0"].Identity()), metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		m, err := lease.DecodeMember("", l.Annotations[lease.AnnotationMember])
		if err != nil || len(m.Serves) != 4 {
			t.Fatalf("it serves %v (%v), want four buckets", m.Serves, err)
		}
		for _, served := range m.Serves {
			if served.Weight != 3 { // a quarter of ten, rounded up
				t.Errorf("%s weighs %d, want 3", served.Shard, served.Weight)
			}
		}
	})
}
