package coordinator_test

import (
	"context"
	"fmt"
	"maps"
	"math"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// annotation replaces what a member says.
func annotation(text string) hostile {
	return hostile{write: func(l *coordinationv1.Lease) { l.Annotations[lease.AnnotationMember] = text }}
}

// hostileMembers are what the member Lease of a live replica may say.
func hostileMembers() map[string]hostile {
	all := map[string]hostile{
		"no annotation":           {write: func(l *coordinationv1.Lease) { l.Annotations = nil }},
		"no JSON":                 annotation("kindred"),
		"not a number":            annotation(`{"phase":"ready","capacity":NaN}`),
		"a number too large":      annotation(`{"phase":"ready","capacity":1e400}`),
		"wrong types":             annotation(`{"phase":1,"capacity":"many","serves":{"shard":7}}`),
		"deep JSON":               annotation(strings.Repeat(`{"serves":[`, 20_000)),
		"nothing, repeated":       annotation(`{"capacity":0,"capacity":-1,"serves":null,"serves":[]}`),
		"what is no kind":         annotation(`{"phase":"ready","serves":[{"shard":"../x"},{"shard":""},{"shard":"A.` + strings.Repeat("b", 300) + `"}]}`),
		"thousands of kinds":      annotation(`{"phase":"ready","serves":[{"shard":"A.b"}` + strings.Repeat(`,{"shard":"A.b","weight":9}`, 9000) + `]}`),
		"a foreign holder":        foreign("intruder", ptr.To[int32](15)),
		"another replica's name":  foreign("op-1_deadbeef", ptr.To[int32](15)),
		"a holder that is no one": foreign("\x1b[2J\x00\u202e", ptr.To[int32](15)),
		"a very long holder":      foreign(strings.Repeat("x", 200_000), ptr.To[int32](15)),
	}
	for name, h := range hostileLeases() { // the spec, labels and all else are alike
		all[name] = h
	}
	return all
}

// TestHostileMemberLease: somebody writes the worst into a live replica's member
// Lease, again and again. No replica ends and no kind moves.
func TestHostileMemberLease(t *testing.T) {
	for name, h := range hostileMembers() {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				f := peaceful(t)
				before := f.tokens("")
				own := lease.MemberName("op", f.replicas["op-0"].Identity())
				for range 12 {
					f.put(own, h.write)
					time.Sleep(3300 * time.Millisecond)
				}
				time.Sleep(20 * time.Second)
				if now := f.tokens(""); !maps.Equal(now, before) {
					t.Errorf("the kinds were in the terms %v, and are in %v", before, now)
				}
				f.wantOwned(1, 2, 2)
				l, err := f.api.Client(nil).Leases("default").Get(context.Background(), own, metav1.GetOptions{})
				if err != nil || *l.Spec.HolderIdentity != f.replicas["op-0"].Identity() || *l.Spec.LeaseDurationSeconds != 15 || l.Labels[lease.LabelRole] != lease.RoleMember {
					t.Errorf("the member Lease is %+v, %v; want it written anew", l, err)
				}
			})
		})
	}
}

// junk is a Lease with the component's labels that no replica has written.
func junk(f *fleet, i int) *coordinationv1.Lease {
	identity := fmt.Sprintf("junk-%d_abc", i)
	l := &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Name: lease.MemberName("op", identity), Labels: lease.MemberLabels("op"), Annotations: map[string]string{}},
		Spec:       coordinationv1.LeaseSpec{HolderIdentity: &identity, LeaseDurationSeconds: ptr.To[int32](math.MaxInt32)},
	}
	says := func(text string) { l.Annotations[lease.AnnotationMember] = text }
	switch i % 6 {
	case 0:
		says(fmt.Sprintf(`{"phase":"ready","capacity":9223372036854775807,"serves":[{"shard":"Unknown%d.example.com","weight":9223372036854775807}]}`, i))
	case 1:
		says(`{"phase":"draining","serves":[{"shard":"Queue.sample.kindred.dev"}]}`)
	case 2: // in the name of a replica that lives
		l.Spec.HolderIdentity = ptr.To(f.replicas["op-1"].Identity())
		says(`{"phase":"draining","capacity":1,"serves":[]}`)
	case 3:
		says(strings.Repeat("[", 10_000))
	case 4: // an ownership Lease of a kind that nobody knows
		l.Name, l.Labels = fmt.Sprintf("op.unknown%d.example.com", i), map[string]string{lease.LabelComponent: "op", lease.LabelRole: lease.RoleOwner}
		l.Spec.HolderIdentity = ptr.To(f.replicas["op-2"].Identity())
	case 5: // of no kind at all, and no member's
		l.Name, l.Spec = fmt.Sprintf("junk-%d", i), coordinationv1.LeaseSpec{}
		l.Labels[lease.LabelRole] = "\x00"
	}
	return l
}

// TestHundredsOfJunkLeases: Leases that nobody has asked for disturb nobody, and
// the fleet lives on beside them: kinds move to a replica that joins, and away from
// one that leaves.
func TestHundredsOfJunkLeases(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := peaceful(t)
		before := f.tokens("")
		for i := range 400 {
			if _, err := f.api.Client(nil).Leases("default").Create(context.Background(), junk(f, i), metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(50 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		if now := f.tokens(""); !maps.Equal(now, before) {
			t.Errorf("the kinds were in the terms %v, and are in %v", before, now)
		}
		f.wantOwned(1, 2, 2)
		f.add("op-3", five)
		f.add("op-4", five)
		time.Sleep(20 * time.Second)
		f.wantOwned(1, 1, 1, 1, 1)
		if err := f.stop("op-1"); err != nil {
			t.Error(err)
		}
		time.Sleep(20 * time.Second)
		f.wantOwned(1, 1, 1, 2)
	})
}

// TestPhantomMember: a forged replica that claims to be ready, to serve everything
// and to live for 68 years is handed its share and never takes it. It is believed
// for ten minutes. Until then its share is without an owner for no longer than the
// grace period, less and less often, and in the end its Lease is deleted.
func TestPhantomMember(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := peaceful(t)
		identity := "phantom_abc"
		m := lease.Member{Identity: identity, Instance: "i", Phase: lease.Ready, Capacity: 1}
		for _, kind := range five {
			m.Serves = append(m.Serves, lease.Served{Shard: kind + "." + group, Weight: 1})
		}
		text, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		l := &coordinationv1.Lease{
			ObjectMeta: metav1.ObjectMeta{
				Name: lease.MemberName("op", identity), Labels: lease.MemberLabels("op"),
				Annotations: map[string]string{lease.AnnotationMember: text},
			},
			Spec: coordinationv1.LeaseSpec{HolderIdentity: &identity, LeaseDurationSeconds: ptr.To[int32](math.MaxInt32)},
		}
		leases := f.api.Client(nil).Leases("default")
		if _, err := leases.Create(context.Background(), l, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		before := f.started()
		time.Sleep(10 * time.Minute)
		moves := f.started() - before
		if moves == 0 || moves > 50 {
			t.Errorf("%d moves in ten minutes, want some, and fewer and fewer", moves)
		}
		for _, kind := range five {
			if gap := f.gap(kind); gap > 5*time.Second {
				t.Errorf("%s was without an owner for %v", kind, gap)
			}
		}
		time.Sleep(5 * time.Minute)
		f.wantOwned(1, 2, 2)
		if _, err := leases.Get(context.Background(), l.Name, metav1.GetOptions{}); err == nil {
			t.Error("the phantom's Lease still exists")
		}
		settled := f.started()
		time.Sleep(20 * time.Minute)
		if f.started() != settled {
			t.Errorf("%d more moves after it was gone", f.started()-settled)
		}
	})
}
