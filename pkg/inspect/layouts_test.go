package inspect

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	coordinationv1 "k8s.io/api/coordination/v1"
)

// names are the snapshot's kinds with their owners.
func (s *Snapshot) names() []string {
	names := []string{}
	for _, k := range s.Kinds {
		names = append(names, strings.Replace(k.Name(), ".sample.kindred.dev", "", 1)+" "+k.Owner)
	}
	return names
}

// What is vacant because the kind is owned in another way is no row, and nothing to
// put right.
func TestLayouts(t *testing.T) {
	halves, whole := "Database/0-of-2 Database/1-of-2", "Database"
	first, second := owned(t, "Database/0-of-2", "a"), owned(t, "Database/1-of-2", "b")
	free := func(name string) coordinationv1.Lease { return owned(t, name, "") }
	for name, test := range map[string]struct {
		leases []coordinationv1.Lease
		want   []string
	}{
		"split": {[]coordinationv1.Lease{member(t, "a", halves), member(t, "b", halves), first, second, free(whole)},
			[]string{"Database/0-of-2 a", "Database/1-of-2 b"}},
		"split, one vacant": {[]coordinationv1.Lease{member(t, "a", halves), first, free("Database/1-of-2"), free(whole)},
			[]string{"Database/0-of-2 a", "Database/1-of-2 "}},
		"to be split": {[]coordinationv1.Lease{member(t, "a", whole), member(t, "b", halves), owned(t, whole, "a")},
			[]string{"Database a"}},
		"not split any more": {[]coordinationv1.Lease{member(t, "a", whole), free("Database/0-of-2"), free("Database/1-of-2"), owned(t, whole, "a")},
			[]string{"Database a"}},
		"a bucket is left over": {[]coordinationv1.Lease{member(t, "a", whole), old(first), owned(t, whole, "a")},
			[]string{"Database a", "Database/0-of-2 a"}},
		"owned in no way": {[]coordinationv1.Lease{member(t, "a", halves), free(whole)},
			[]string{"Database/0-of-2 ", "Database/1-of-2 "}},
		"another kind": {[]coordinationv1.Lease{member(t, "a", halves+" Queue"), first, second, free("Queue")},
			[]string{"Database/0-of-2 a", "Database/1-of-2 b", "Queue "}},
	} {
		if diff := cmp.Diff(test.want, Build(test.leases, now).names()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestBucketsInOrder(t *testing.T) {
	var leases []coordinationv1.Lease
	for _, name := range []string{"Queue", "Database/10-of-12", "Database/2-of-12", "Cache"} {
		leases = append(leases, owned(t, name, "a"))
	}
	want := []string{"Cache a", "Database/2-of-12 a", "Database/10-of-12 a", "Queue a"}
	if diff := cmp.Diff(want, Build(leases, now).names()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTableOfBuckets(t *testing.T) {
	serves := "Database/0-of-2 Database/1-of-2 Queue"
	snapshot := Build([]coordinationv1.Lease{
		owned(t, "Database/0-of-2", "a"), owned(t, "Database/1-of-2", "b"), owned(t, "Queue", "a"), member(t, "a", serves), member(t, "b", serves),
	}, now)
	out := &strings.Builder{}
	if err := snapshot.WriteKinds(out, TableOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := snapshot.WriteReplicas(out, TableOptions{}); err != nil {
		t.Fatal(err)
	}
	want := `
KIND       BUCKET   GROUP                OWNER   TERM   SINCE   STATE
Database   0-of-2   sample.kindred.dev   a       3      60s     owned
Database   1-of-2   sample.kindred.dev   b       3      60s     owned
Queue      <none>   sample.kindred.dev   a       3      60s     owned
REPLICA   PHASE   OWNED   OWNS
a         ready   2       Database/0-of-2,Queue
b         ready   1       Database/1-of-2
`
	if diff := cmp.Diff(want, "\n"+out.String()); diff != "" {
		t.Errorf("tables (-want +got):\n%s", diff)
	}
	if !snapshot.Balanced() {
		t.Errorf("it is not balanced: %v", snapshot.Imbalance())
	}
	text, err := json.Marshal(snapshot.Kinds[1])
	if err != nil || !strings.Contains(string(text), `"bucket":1,"of":2`) {
		t.Errorf("%s, %v: want bucket 1 of 2", text, err)
	}
}
