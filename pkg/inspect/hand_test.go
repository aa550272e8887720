package inspect

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	coordinationv1 "k8s.io/api/coordination/v1"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// moved puts on a Lease what somebody has done by hand.
func moved(l coordinationv1.Lease, to string, paused bool) coordinationv1.Lease {
	l.Annotations = map[string]string{}
	if to != "" {
		l.Annotations[lease.AnnotationMoveTo] = to
	}
	if paused {
		l.Annotations[lease.AnnotationPaused] = "true"
	}
	return l
}

// together puts all that a replica serves into one group.
func together(m *lease.Member) {
	for i := range m.Serves {
		m.Serves[i].Group = "g"
	}
}

// TestByHand: what was done by hand, what comes of it, and whether it is in order.
func TestByHand(t *testing.T) {
	two := func(database coordinationv1.Lease) []coordinationv1.Lease {
		return []coordinationv1.Lease{member(t, "a", "Database Queue"), member(t, "b", "Database Queue"), moved(owned(t, "Queue", "a"), "a", false), database}
	}
	leaving := func(m *lease.Member) { m.Phase = lease.Draining }
	tests := map[string]struct {
		leases []coordinationv1.Lease
		// want is the kind's choice, whether it is paused, and who is planned.
		want    string
		problem string
	}{
		"nothing":                    {two(owned(t, "Database", "b")), " false ", ""},
		"uneven":                     {two(owned(t, "Database", "a")), " false b_abc", ""},
		"paused":                     {two(moved(owned(t, "Database", "a"), "", true)), " true ", ""},
		"stays":                      {two(moved(owned(t, "Database", "a"), "a", false)), "a false ", ""},
		"goes":                       {two(moved(owned(t, "Database", "b"), "a", false)), "a false a_abc", ""},
		"goes although it is paused": {two(moved(owned(t, "Database", "b"), "a", true)), "a true a_abc", ""},
		"an identity":                {two(moved(owned(t, "Database", "b"), "a_abc", false)), "a_abc false a_abc", ""},
		"vacant, and chosen":         {two(moved(owned(t, "Database", ""), "a", false)), "a false a_abc", ""},
		"to nobody":                  {two(moved(owned(t, "Database", "b"), "c", false)), "c false ", "no live replica is called that"},
		"to nobody, and paused":      {two(moved(owned(t, "Database", "a"), "c", true)), "c true ", "no live replica is called that"},
		"to one that is dead": {append(two(moved(owned(t, "Database", "b"), "c", false)), old(member(t, "c", "Database Queue"))),
			"c false ", "no live replica is called that"},
		"to one that cannot": {append(two(moved(owned(t, "Database", "b"), "c", false)), member(t, "c", "Queue")),
			"c false ", "which does not serve the kind"},
		"to one that is leaving is over soon": {append(two(moved(owned(t, "Database", "b"), "c", false)), member(t, "c", "Database Queue", leaving)),
			"c false ", ""},
		"without a replica": {[]coordinationv1.Lease{moved(owned(t, "Database", "b"), "c", false)}, "c false ", "no live replica is called that"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			snapshot := Build(test.leases, now)
			k := snapshot.Kinds[0]
			if got := fmt.Sprint(k.MoveTo, " ", k.Paused, " ", k.Planned); k.Kind != "Database" || got != test.want {
				t.Errorf("%s: %q, want %q", k.Kind, got, test.want)
			}
			got := strings.Join(snapshot.Problems, "; ")
			if (got == "") != (test.problem == "") || !strings.Contains(got, test.problem) {
				t.Errorf("problems %q, want %q", got, test.problem)
			}
			if got != "" && (!strings.HasPrefix(got, "Lease ns/") || !strings.HasSuffix(got, `"kindred rebalance Database.sample.kindred.dev"`)) {
				t.Errorf("the problem does not say where it is and what to do: %s", got)
			}
		})
	}
}

func TestByHandInJSON(t *testing.T) {
	snapshot := Build([]coordinationv1.Lease{moved(owned(t, "Database", "a"), "b", true), member(t, "b", "Database", together)}, now)
	text, err := json.Marshal(snapshot.Kinds[0])
	if err != nil {
		t.Fatal(err)
	}
	if want := `"moveTo":"b","paused":true,"planned":"b_abc","together":"g"`; !strings.Contains(string(text), want) {
		t.Errorf("%s, want %s", text, want)
	}
}

func TestChoose(t *testing.T) {
	process := func(suffix string, started int64) func(*lease.Member) {
		return func(m *lease.Member) { m.Identity, m.Started = "a_"+suffix, started }
	}
	elsewhere := member(t, "x", "Database")
	elsewhere.Namespace = "other"
	snapshot := Build([]coordinationv1.Lease{
		owned(t, "Database", "plain"), elsewhere, old(member(t, "dead", "Database")),
		member(t, "a", "Database", process("new", 20)), member(t, "a", "Database", process("old", 10)),
		member(t, "b", "Database Queue", func(m *lease.Member) { m.Phase = lease.Starting }), member(t, "c", "Queue"), member(t, "d", "Database"),
	}, now)
	k := snapshot.Kinds[0]
	for name, want := range map[string]string{"a": "a_new", "a_old": "a_old", "b": "", "c": "", "d": "d_abc", "plain": "", "dead": "", "x": "", "": ""} {
		if got, ok := snapshot.Choose(k, name); got.Identity != want || ok != (want != "") {
			t.Errorf("%q is %q, %v; want %q", name, got.Identity, ok, want)
		}
	}
	if diff := cmp.Diff([]string{"a", "d"}, snapshot.Takers(k)); diff != "" {
		t.Errorf("takers (-want +got):\n%s", diff)
	}
}

func TestTogether(t *testing.T) {
	snapshot := Build([]coordinationv1.Lease{member(t, "a", "Cache Queue", together), member(t, "b", "Topic"), moved(owned(t, "Cache", "a"), "", true)}, now)
	for _, k := range snapshot.Kinds {
		var names []string
		for _, other := range snapshot.With(k) {
			names = append(names, other.Kind)
		}
		if want := map[string]string{"Cache": "Cache,Queue", "Queue": "Cache,Queue", "Topic": "Topic"}[k.Kind]; strings.Join(names, ",") != want {
			t.Errorf("%s is with %v, want %s", k.Kind, names, want)
		}
	}
	// Queue has no owner, and goes where the group is.
	if got := snapshot.Kinds[1]; got.Kind != "Queue" || got.Planned != "a_abc" {
		t.Errorf("%s is planned for %q, want a_abc", got.Kind, got.Planned)
	}
}
