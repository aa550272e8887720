package doctor

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kindred-k8s/kindred/pkg/inspect"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// now is the reader's clock.
var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

var op = component{"ns", "op"}

// owned is the Lease of a kind, held by "<pod>_1" and renewed a second ago; "" is
// nobody.
func owned(kind, pod string, edits ...func(*coordinationv1.Lease)) coordinationv1.Lease {
	shard := lease.ParseShard(kind + ".example.com")
	name, err := shard.Name("op")
	if err != nil {
		panic(err)
	}
	l := coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name, UID: "uid", Labels: shard.Labels("op"), Annotations: map[string]string{}}}
	if pod != "" {
		pod += "_1"
	}
	l.Spec = coordinationv1.LeaseSpec{HolderIdentity: &pod, LeaseDurationSeconds: ptr.To[int32](15), RenewTime: ptr.To(metav1.NewMicroTime(now.Add(-time.Second)))}
	for _, edit := range edits {
		edit(&l)
	}
	return l
}

// member is the member Lease of a replica that has been ready for an hour and serves the
// kinds, "Cache Queue".
func member(pod, kinds string, edits ...func(*coordinationv1.Lease, *lease.Member)) coordinationv1.Lease {
	m := lease.Member{Identity: pod + "_1", Instance: "i", Phase: lease.Ready, Capacity: 1}
	for kind := range strings.FieldsSeq(kinds) {
		m.Serves = append(m.Serves, lease.Served{Shard: kind + ".example.com", Weight: 1})
	}
	l := owned("Any", pod)
	l.CreationTimestamp = metav1.NewTime(now.Add(-time.Hour))
	for _, edit := range edits {
		edit(&l, &m)
	}
	text, err := m.Encode()
	if err != nil {
		panic(err)
	}
	l.Name, l.Labels = lease.MemberName("op", m.Identity), lease.MemberLabels("op")
	l.Annotations[lease.AnnotationMember] = text
	return l
}

// old puts the last renewal back.
func old(ago time.Duration) func(*coordinationv1.Lease) {
	return func(l *coordinationv1.Lease) { l.Spec.RenewTime = ptr.To(metav1.NewMicroTime(now.Add(-ago))) }
}

// lasting sets the duration.
func lasting(seconds int32) func(*coordinationv1.Lease) {
	return func(l *coordinationv1.Lease) { l.Spec.LeaseDurationSeconds = &seconds }
}

// stateOf is what is gathered of Leases that stay as they are.
func stateOf(leases ...coordinationv1.Lease) *state {
	s := &state{program: "kindred", leases: leases, at: now, watched: 5 * time.Second}
	s.before, s.after = inspect.Build(leases, now), inspect.Build(leases, now)
	return s
}

// want checks what was found, as lines "severity where: what | fix" of which every want
// has only the beginning and, after " ... ", further parts.
func want(t *testing.T, found []Finding, wants ...string) {
	t.Helper()
	var got []string
	for _, f := range found {
		got = append(got, fmt.Sprintf("%s %s: %s | %s", f.Severity, f.Where, f.What, f.Fix))
	}
	if len(got) != len(wants) {
		t.Errorf("(-want +got):\n%s", cmp.Diff(wants, got))
		return
	}
	for i, line := range got {
		parts := strings.Split(wants[i], " ... ")
		if !strings.HasPrefix(line, parts[0]) {
			t.Errorf("got  %s\nwant %s", line, wants[i])
		}
		for _, part := range parts[1:] {
			if !strings.Contains(line, part) {
				t.Errorf("got  %s\nwant %s", line, part)
			}
		}
		if found[i].Fix == "" && found[i].Severity != Info {
			t.Errorf("no fix: %s", line)
		}
	}
}

// healthy is a fleet in which nothing is wrong.
func healthy() []coordinationv1.Lease {
	return []coordinationv1.Lease{owned("Cache", "a"), owned("Queue", "b"), member("a", "Cache Queue"), member("b", "Cache Queue")}
}
