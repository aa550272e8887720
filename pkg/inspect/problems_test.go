package inspect

import (
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

func TestProblems(t *testing.T) {
	edited := func(edit func(*coordinationv1.Lease)) coordinationv1.Lease { return owned(t, "Database", "a", edit) }
	annotated := func(text string) coordinationv1.Lease {
		l := member(t, "a", "Database")
		l.Annotations[lease.AnnotationMember] = text
		return l
	}
	tests := map[string]struct {
		lease coordinationv1.Lease
		// want is in the problem; kinds is how many rows are left.
		want  string
		kinds int
	}{
		"no role":             {edited(func(l *coordinationv1.Lease) { delete(l.Labels, lease.LabelRole) }), "neither", 0},
		"component not valid": {edited(func(l *coordinationv1.Lease) { l.Labels[lease.LabelComponent] = "A.b" }), "correct the label", 0},
		"no kind":             {edited(func(l *coordinationv1.Lease) { delete(l.Labels, lease.LabelKind) }), "no replica uses it", 0},
		"another kind":        {edited(func(l *coordinationv1.Lease) { l.Labels[lease.LabelKind] = "Queue" }), "no replica uses it", 0},
		"another group":       {edited(func(l *coordinationv1.Lease) { l.Labels[lease.LabelGroup] = "x.io" }), "no replica uses it", 0},
		"no duration":         {edited(func(l *coordinationv1.Lease) { l.Spec.LeaseDurationSeconds = nil }), "leaseDurationSeconds", 1},
		"a duration below 0":  {edited(func(l *coordinationv1.Lease) { l.Spec.LeaseDurationSeconds = ptr(int32(-1)) }), "leaseDurationSeconds", 1},
		"no renewTime":        {edited(func(l *coordinationv1.Lease) { l.Spec.RenewTime = nil }), "no renewTime", 1},
		"transitions below 0": {edited(func(l *coordinationv1.Lease) { l.Spec.LeaseTransitions = ptr(int32(-5)) }), "leaseTransitions", 1},
		"a clock ahead": {edited(func(l *coordinationv1.Lease) {
			l.Spec.RenewTime = ptr(metav1.NewMicroTime(now.Add(time.Hour)))
		}), "set the clocks", 1},
		"an annotation that is not JSON": {annotated("{"), "not what Kindred writes", 0},
		"no annotation":                  {annotated(""), "not what Kindred writes", 0},
		"it serves what is no kind":      {annotated(`{"phase":"ready","serves":[{"shard":"../\u001b[2J"}]}`), "which is no kind", 0},
		"a member without a holder": {func() coordinationv1.Lease {
			l := member(t, "a", "Database")
			l.Spec.HolderIdentity = nil
			return l
		}(), "without a holderIdentity", 0},
		"a member under another name": {func() coordinationv1.Lease {
			l := member(t, "a", "Database")
			l.Name = component + ".b"
			return l
		}(), "whose member Lease is", 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			snapshot := Build([]coordinationv1.Lease{test.lease}, now)
			if len(snapshot.Problems) != 1 || !strings.Contains(snapshot.Problems[0], test.want) ||
				!strings.HasPrefix(snapshot.Problems[0], "Lease ns/") {
				t.Errorf("problems %q, want one with %q", snapshot.Problems, test.want)
			}
			if len(snapshot.Kinds) != test.kinds {
				t.Errorf("%d kinds are left, want %d", len(snapshot.Kinds), test.kinds)
			}
		})
	}
}
