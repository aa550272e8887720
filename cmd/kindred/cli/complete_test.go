package cli

import (
	"slices"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kindred-k8s/kindred/pkg/inspect"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// member is the member Lease of a live, ready replica that serves the kinds.
func member(t *testing.T, pod string, kinds ...string) coordinationv1.Lease {
	t.Helper()
	m := lease.Member{Identity: pod + "_1", Phase: lease.Ready}
	for _, kind := range kinds {
		m.Serves = append(m.Serves, lease.Served{Shard: kind, Weight: 1})
	}
	text, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: lease.MemberName("op", m.Identity), Labels: lease.MemberLabels("op"), Annotations: map[string]string{lease.AnnotationMember: text}},
		Spec:       coordinationv1.LeaseSpec{HolderIdentity: ptr.To(m.Identity), LeaseDurationSeconds: ptr.To[int32](15), RenewTime: ptr.To(metav1.NowMicro())},
	}
}

func TestChoices(t *testing.T) {
	s := inspect.Build([]coordinationv1.Lease{
		member(t, "a", "Cache.x.io", "Queue.x.io", "Queue.y.io"), member(t, "b", "Cache.x.io"), member(t, "c", "Queue.x.io"),
	}, time.Now())
	for _, test := range []struct {
		choices Choices
		args    []string
		typed   string
		want    []string
	}{
		{Kinds, nil, "", []string{"Cache", "Queue.x.io", "Queue.y.io"}},
		{Kinds, nil, "q", []string{"Queue.x.io", "Queue.y.io"}},
		{Kinds, []string{"Cache"}, "", []string{"Queue.x.io", "Queue.y.io"}},
		{First(Kinds), []string{"Cache"}, "", nil},
		{Takers, []string{"cache"}, "", []string{"a", "b"}},
		{Takers, []string{"Queue.x.io"}, "", []string{"a", "c"}},
		{Takers, nil, "c", []string{"c"}},
		{Components, nil, "", []string{"op"}},
	} {
		if got := matching(test.choices(s, test.args), test.typed); !slices.Equal(got, test.want) {
			t.Errorf("after %v, for %q: %v, want %v", test.args, test.typed, got, test.want)
		}
	}
}

// TestNothingForTheShell: a name that a shell would obey is not offered.
func TestNothingForTheShell(t *testing.T) {
	if got := matching([]string{"a", "$(reboot)", "b c", "d;e", "f\x1b[2J", "`g`", "h"}, ""); !slices.Equal(got, []string{"a", "h"}) {
		t.Errorf("%v", got)
	}
}
