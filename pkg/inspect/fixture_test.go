package inspect

import (
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// now is the reader's clock in these tests.
var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const component = "widget-operator"

func ptr[T any](value T) *T { return &value }

// kind is the shard of a kind in the sample group, or of a bucket: Database/1-of-2.
func kind(name string) lease.Shard {
	shard := lease.ParseShard(name)
	shard.Kind.Group = "sample.kindred.dev"
	return shard
}

// owned is an ownership Lease of the kind, renewed a second ago. An empty pod
// makes it vacant.
func owned(t testing.TB, name, pod string, edits ...func(*coordinationv1.Lease)) coordinationv1.Lease {
	t.Helper()
	leaseName, err := kind(name).Name(component)
	if err != nil {
		t.Fatal(err)
	}
	l := coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{
		Namespace: "ns", Name: leaseName, UID: types.UID("uid-" + name), Labels: kind(name).Labels(component),
	}}
	l.Spec = coordinationv1.LeaseSpec{
		HolderIdentity: ptr(identity(pod)), LeaseDurationSeconds: ptr(int32(15)), LeaseTransitions: ptr(int32(3)),
		AcquireTime: ptr(metav1.NewMicroTime(now.Add(-time.Minute))),
		RenewTime:   ptr(metav1.NewMicroTime(now.Add(-time.Second))),
	}
	for _, edit := range edits {
		edit(&l)
	}
	return l
}

// member is the member Lease of a ready replica that serves the kinds.
func member(t testing.TB, pod, kinds string, edits ...func(*lease.Member)) coordinationv1.Lease {
	t.Helper()
	m := lease.Member{Identity: identity(pod), Instance: "i", Phase: lease.Ready, Capacity: 1}
	for _, name := range strings.Fields(kinds) {
		m.Serves = append(m.Serves, lease.Served{Shard: kind(name).String(), Weight: 1})
	}
	for _, edit := range edits {
		edit(&m)
	}
	text, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "ns", Name: lease.MemberName(component, m.Identity), Labels: lease.MemberLabels(component),
			Annotations: map[string]string{lease.AnnotationMember: text},
		},
		Spec: coordinationv1.LeaseSpec{
			HolderIdentity: ptr(m.Identity), LeaseDurationSeconds: ptr(int32(15)),
			RenewTime: ptr(metav1.NewMicroTime(now.Add(-time.Second))),
		},
	}
}

// old puts a Lease's last renewal a minute back.
func old(l coordinationv1.Lease) coordinationv1.Lease {
	l.Spec.RenewTime = ptr(metav1.NewMicroTime(now.Add(-time.Minute)))
	return l
}

func identity(pod string) string {
	if pod == "" {
		return ""
	}
	return pod + "_abc"
}

// fleetOf makes members and ownership Leases from "a: Database Queue" lines; all
// serve all kinds named.
func fleetOf(t testing.TB, lines ...string) []coordinationv1.Lease {
	t.Helper()
	all := strings.Join(lines, " ")
	var kinds []string
	for _, word := range strings.Fields(all) {
		if !strings.HasSuffix(word, ":") {
			kinds = append(kinds, word)
		}
	}
	var leases []coordinationv1.Lease
	for _, line := range lines {
		pod, rest, _ := strings.Cut(line, ":")
		leases = append(leases, member(t, pod, strings.Join(kinds, " ")))
		for _, name := range strings.Fields(rest) {
			leases = append(leases, owned(t, name, pod))
		}
	}
	return leases
}
