package inspect

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// joined says when a member's Lease was made.
func joined(l coordinationv1.Lease, ago time.Duration) coordinationv1.Lease {
	l.CreationTimestamp = metav1.NewTime(now.Add(-ago))
	return l
}

func revision(name string) func(*lease.Member) {
	return func(m *lease.Member) { m.Revision = name }
}

// TestExplain: the right, the plan, its reason, and what holds the kind.
func TestExplain(t *testing.T) {
	both := "Database Queue"
	draining := func(m *lease.Member) { m.Phase = lease.Draining }
	tests := map[string]struct {
		leases []coordinationv1.Lease
		// want is the plan, its reason and the holds.
		want, right string
	}{
		"stays": {fleetOf(t, "a: Database", "b: Queue"),
			"a should go on owning it, Keep", "a holds the Lease, last renewed 1s ago; others may take it 15 s after a renewal"},
		"about to move": {fleetOf(t, "a: Database Queue", "b:"),
			"b should own it, Balance", "a holds the Lease"},
		"replicas have joined": {[]coordinationv1.Lease{owned(t, "Database", "a"), owned(t, "Queue", "a"), member(t, "a", both), joined(member(t, "b", both), 2*time.Second)},
			"b should own it, Balance, Settling", ""},
		"a rollout": {[]coordinationv1.Lease{owned(t, "Database", "a"), owned(t, "Queue", "a"), member(t, "a", both, revision("1")), joined(member(t, "b", both, revision("2")), time.Hour)},
			"b should own it, Balance, Rollout", ""},
		"moved lately": {[]coordinationv1.Lease{lately(owned(t, "Database", "a")), owned(t, "Queue", "a"), member(t, "a", both), member(t, "b", both)},
			"a should go on owning it, Keep", ""},
		"others move too": {fleetOf(t, "a: Database Queue Cache Topic", "b:"),
			"b should own it, Balance, OthersMove", ""},
		"the owner leaves": {[]coordinationv1.Lease{owned(t, "Database", "a"), member(t, "a", "Database", draining), member(t, "b", "Database")},
			"b should own it, OwnerDraining", ""},
		"nobody else serves it": {[]coordinationv1.Lease{owned(t, "Database", "a"), member(t, "a", "Database", draining)},
			"nobody can own it, NobodyServes, NobodyServes", ""},
		"vacant": {[]coordinationv1.Lease{owned(t, "Database", ""), member(t, "a", "Database")},
			"a should own it, Vacant", "nobody holds the Lease: the planned owner takes it at once, anyone who serves it after a retry period"},
		"never owned": {[]coordinationv1.Lease{member(t, "a", "Database")},
			"a should own it, Vacant", "nobody has ever owned it: its Lease does not exist yet"},
		"stale": {[]coordinationv1.Lease{old(owned(t, "Database", "b")), member(t, "a", "Database")},
			"a should own it, Vacant, NotExpired NotAMember", "b holds the Lease, but has not renewed it in time: last renewed 60s ago, and it lasts 15 s"},
		"a plain elector": {[]coordinationv1.Lease{owned(t, "Database", "p"), member(t, "a", "Database")},
			"a should own it, OwnerGone, NotAMember", "p holds the Lease"},
		"no replica": {[]coordinationv1.Lease{owned(t, "Database", "")},
			", , NobodyServes", "nobody holds the Lease"},
		"by hand, there": {[]coordinationv1.Lease{moved(owned(t, "Database", "a"), "a", false), owned(t, "Queue", "a"), member(t, "a", both), member(t, "b", both)},
			"a should go on owning it, KeepPinned, MovedByHand", ""},
		"by hand, on its way": {[]coordinationv1.Lease{moved(owned(t, "Database", "a"), "b", true), owned(t, "Queue", "b"), member(t, "a", both), joined(member(t, "b", both), time.Second)},
			"b should own it, Pinned, MovedByHand Paused", ""},
		"by hand, to nobody": {[]coordinationv1.Lease{moved(owned(t, "Database", "a"), "z", false), member(t, "a", both)},
			"a should go on owning it, Keep, ChoiceIdle", ""},
		"paused": {[]coordinationv1.Lease{moved(owned(t, "Database", "a"), "", true), owned(t, "Queue", "a"), member(t, "a", both), member(t, "b", both)},
			"a should go on owning it, KeepPinned, Paused", ""},
		"a group": {[]coordinationv1.Lease{owned(t, "Database", "a"), owned(t, "Queue", "a"), member(t, "a", both, together), member(t, "b", both, together)},
			"a should go on owning it, Keep, Grouped", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := Build(test.leases, now)
			kind, err := s.Find("database")
			if name == "others move too" {
				kind, err = s.Find("Topic")
			}
			if name == "about to move" || name == "replicas have joined" || name == "a rollout" {
				i := 0
				for s.Kinds[i].Planned == "" {
					i++
				}
				kind = s.Kinds[i]
			}
			if err != nil {
				t.Fatal(err)
			}
			e := s.Explain(kind)
			var held []string
			for _, h := range e.Held {
				held = append(held, string(h.Reason))
				if h.Message == "" || strings.Contains(h.Message, "%!") {
					t.Errorf("%s: %q", h.Reason, h.Message)
				}
			}
			got := fmt.Sprintf("%s, %s", e.Plan, string(e.Reason))
			if len(held) > 0 {
				got += ", " + strings.Join(held, " ")
			}
			if got != test.want || !strings.HasPrefix(e.Right, test.right) {
				t.Errorf("got  %s\nwant %s\nright %q, want %q", got, test.want, e.Right, test.right)
			}
		})
	}
}

// lately says that a rollout has moved the kind twice.
func lately(l coordinationv1.Lease) coordinationv1.Lease {
	l.Annotations = map[string]string{lease.AnnotationMoves: "2"}
	return l
}

func TestMovedLately(t *testing.T) {
	s := Build([]coordinationv1.Lease{lately(owned(t, "Database", "a")), lately(owned(t, "Queue", "a")), member(t, "a", "Database Queue"), member(t, "b", "Database Queue")}, now)
	for _, kind := range s.Kinds {
		if kind.Planned == "" {
			continue
		}
		if held := s.Explain(kind).Held; len(held) != 1 || held[0].Reason != MovedLately || !strings.Contains(held[0].Message, "moved 2 times") {
			t.Errorf("%+v, want that it was moved lately", held)
		}
		return
	}
	t.Error("no kind is to move")
}

// TestExplanationForPeople is the page that a person reads.
func TestExplanationForPeople(t *testing.T) {
	s := Build([]coordinationv1.Lease{
		owned(t, "Database", "a"), owned(t, "Queue", "a"), owned(t, "Cache", "p\x1b[2J"),
		member(t, "a", "Database Queue", revision("1")), joined(member(t, "b", "Database Queue", revision("2")), time.Hour),
		member(t, "c", "Cache", func(m *lease.Member) { m.Phase = lease.Starting }),
	}, now)
	out := &strings.Builder{}
	if err := s.Explain(s.Kinds[1]).Write(out); err != nil {
		t.Fatal(err)
	}
	want := `Database.sample.kindred.dev, of widget-operator in namespace ns

Lease    widget-operator.database.sample.kindred.dev
State    owned: a holds the Lease, last renewed 1s ago; others may take it 15 s after a renewal
Owner    a_abc, since 60s, term 3
Plan     a should go on owning it (Keep: owner kept: the split is balanced)
Weight   1

REPLICA   PHASE          REVISION   OWNED   LOAD   CAPACITY   FOR Database.sample.kindred.dev
a         ready          1          2       2      1          owns it, as planned
b         ready          2          0       0      1          could be given it
c         starting       <none>     0       0      1          cannot be given it: it is starting, or starts again and again
p?[2J     not a member   <none>     1       1      0          cannot be given it: it is no member: only what it owns is known
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
