package page

import (
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kindred-k8s/kindred/pkg/inspect"
	"github.com/kindred-k8s/kindred/pkg/lease"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// owned is the Lease of a kind, held by an identity, since a minute ago.
func owned(kind, holder string) coordinationv1.Lease {
	shard := lease.ParseShard(kind + ".example.com")
	name, err := shard.Name("op")
	if err != nil {
		panic(err)
	}
	l := coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name, UID: "uid", Labels: shard.Labels("op")}}
	l.Spec = coordinationv1.LeaseSpec{
		HolderIdentity: &holder, LeaseDurationSeconds: ptr.To[int32](15), LeaseTransitions: ptr.To[int32](3),
		AcquireTime: ptr.To(metav1.NewMicroTime(now.Add(-time.Minute))), RenewTime: ptr.To(metav1.NewMicroTime(now.Add(-time.Second))),
	}
	return l
}

// member is a ready replica that serves the kinds.
func member(t testing.TB, identity string, kinds ...string) coordinationv1.Lease {
	m := lease.Member{Identity: identity, Phase: lease.Ready, Capacity: 1}
	for _, kind := range kinds {
		m.Serves = append(m.Serves, lease.Served{Shard: kind + ".example.com", Weight: 1})
	}
	text, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	l := owned("Any", identity)
	l.Name, l.Labels = lease.MemberName("op", identity), lease.MemberLabels("op")
	l.Annotations = map[string]string{lease.AnnotationMember: text}
	return l
}

func snapshot(leases ...coordinationv1.Lease) *inspect.Snapshot { return inspect.Build(leases, now) }

// change is one of a kind of this component.
func change(kind, from, to string, at time.Time) inspect.Change {
	return inspect.Change{At: at, Kind: kind, Group: "example.com", Namespace: "ns", Component: "op", Lease: owned(kind, "").Name, From: from, To: to}
}

// shown is a page that has seen a snapshot.
func shown(s *inspect.Snapshot, changes ...inspect.Change) *Page {
	p := New(Options{})
	for _, c := range changes {
		p.change(c)
	}
	p.snapshot(s)
	return p
}
