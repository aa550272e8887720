package inspect

import (
	"strings"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

const given = "controller.some.queue.00-of-01"

func givenName(l *coordinationv1.Lease) {
	l.Name, l.Labels[lease.LabelName] = given, lease.NameGiven
}

func servesGiven(m *lease.Member) { m.Serves[0].Lease = given }

// A Lease that was given a name is the kind's, with an owner and without, and nothing is
// wrong with it.
func TestGivenLeaseName(t *testing.T) {
	for name, leases := range map[string][]coordinationv1.Lease{
		"owned":       {owned(t, "Queue", "a", givenName), member(t, "a", "Queue", servesGiven)},
		"not yet one": {member(t, "a", "Queue", servesGiven)},
		"no replica":  {owned(t, "Queue", "", givenName)},
	} {
		t.Run(name, func(t *testing.T) {
			s := Build(leases, now)
			if len(s.Kinds) != 1 || s.Kinds[0].Name() != "Queue.sample.kindred.dev" || s.Kinds[0].Lease != given {
				t.Errorf("the kinds are %+v", s.Kinds)
			}
			if name != "no replica" && len(s.Problems) > 0 {
				t.Errorf("the problems are %q", s.Problems)
			}
			if name == "owned" && (s.Kinds[0].Owner != "a" || s.Kinds[0].Served != 1) {
				t.Errorf("its row is %+v", s.Kinds[0])
			}
		})
	}
}

// Two Leases of one kind are one row, of the Lease that replicas use, and a problem.
func TestTwoLeaseNames(t *testing.T) {
	s := Build([]coordinationv1.Lease{
		owned(t, "Queue", ""), owned(t, "Queue", "a", givenName), member(t, "a", "Queue", servesGiven),
	}, now)
	if len(s.Kinds) != 1 || s.Kinds[0].Lease != given || s.Kinds[0].Owner != "a" {
		t.Errorf("the kinds are %+v", s.Kinds)
	}
	if len(s.Problems) != 1 || !strings.HasPrefix(s.Problems[0], "Lease ns/widget-operator.queue.") || !strings.Contains(s.Problems[0], "two elections") {
		t.Errorf("the problems are %q", s.Problems)
	}
}
