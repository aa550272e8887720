package inspect

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	coordinationv1 "k8s.io/api/coordination/v1"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// rows says a snapshot in lines short enough to compare by eye.
func rows(s *Snapshot) []string {
	var lines []string
	for _, k := range s.Kinds {
		lines = append(lines, strings.TrimSpace(k.Kind+" "+string(k.State)+" "+k.Owner))
	}
	for _, r := range s.Replicas {
		lines = append(lines, r.Name+" "+r.condition()+" owns "+strings.Join(short(r.Owns), ","))
	}
	return lines
}

func TestBuild(t *testing.T) {
	tests := map[string]struct {
		leases []coordinationv1.Lease
		want   []string
	}{
		"nothing": {},
		"two kinds, one replica each": {
			leases: fleetOf(t, "a: Database", "b: Queue"),
			want:   []string{"Database owned a", "Queue owned b", "a ready owns Database", "b ready owns Queue"},
		},
		"a released kind is vacant": {
			leases: []coordinationv1.Lease{owned(t, "Database", "")},
			want:   []string{"Database vacant"},
		},
		"a kind that is served and has no Lease yet is vacant": {
			leases: []coordinationv1.Lease{member(t, "a", "Database Queue"), owned(t, "Queue", "a")},
			want:   []string{"Database vacant", "Queue owned a", "a ready owns Queue"},
		},
		"a dead member's kinds are not listed": {
			leases: []coordinationv1.Lease{old(member(t, "a", "Database"))},
			want:   []string{"a not alive owns "},
		},
		"a Lease not renewed is stale and still its holder's": {
			leases: []coordinationv1.Lease{old(owned(t, "Database", "a")), old(member(t, "a", "Database"))},
			want:   []string{"Database stale a", "a not alive owns Database"},
		},
		"a holder without a member Lease is a replica": {
			leases: []coordinationv1.Lease{owned(t, "Database", "plain"), old(owned(t, "Queue", "gone"))},
			want:   []string{"Database owned plain", "Queue stale gone", "gone not alive owns Queue", "plain not a member owns Database"},
		},
		"replicas are in the order of their numbers": {
			leases: []coordinationv1.Lease{member(t, "r-10", ""), member(t, "r-2", ""), member(t, "r-1", "")},
			want:   []string{"r-1 ready owns ", "r-2 ready owns ", "r-10 ready owns "},
		},
		"draining is said": {
			leases: []coordinationv1.Lease{member(t, "a", "", func(m *lease.Member) { m.Phase = lease.Draining })},
			want:   []string{"a draining owns "},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			snapshot := Build(test.leases, now)
			if diff := cmp.Diff(test.want, rows(snapshot)); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			if len(snapshot.Problems) > 0 {
				t.Errorf("problems: %q", snapshot.Problems)
			}
		})
	}
}

// The shape is a promise to programs.
func TestJSON(t *testing.T) {
	snapshot := Build([]coordinationv1.Lease{owned(t, "Database", "a"), owned(t, "Queue", ""), member(t, "a", "Database")}, now)
	got, err := json.MarshalIndent(snapshot, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	want := `{
 "at": "2026-03-01T12:00:00.000000Z",
 "kinds": [
  {
   "kind": "Database",
   "group": "sample.kindred.dev",
   "namespace": "ns",
   "component": "widget-operator",
   "lease": "widget-operator.database.sample.kindred.dev",
   "owner": "a",
   "holder": "a_abc",
   "term": 3,
   "token": "uid-Database/3",
   "since": "2026-03-01T11:59:00.000000Z",
   "renewed": "2026-03-01T11:59:59.000000Z",
   "state": "owned",
   "served": 1
  },
  {
   "kind": "Queue",
   "group": "sample.kindred.dev",
   "namespace": "ns",
   "component": "widget-operator",
   "lease": "widget-operator.queue.sample.kindred.dev",
   "owner": "",
   "holder": "",
   "term": 3,
   "token": "uid-Queue/3",
   "since": null,
   "renewed": "2026-03-01T11:59:59.000000Z",
   "state": "vacant",
   "served": 0
  }
 ],
 "replicas": [
  {
   "name": "a",
   "identity": "a_abc",
   "namespace": "ns",
   "component": "widget-operator",
   "lease": "widget-operator.a-abc",
   "phase": "ready",
   "capacity": 1,
   "owned": 1,
   "owns": [
    "Database.sample.kindred.dev"
   ],
   "serves": [
    "Database.sample.kindred.dev"
   ],
   "renewed": "2026-03-01T11:59:59.000000Z",
   "alive": true
  }
 ]
}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
}

func TestKindsOfEveryGroup(t *testing.T) {
	long := strings.Repeat("long.", 13) + "example.com" // no label can hold it
	for _, group := range []string{"", "apps", "sample.kindred.dev", long} {
		l := owned(t, "Database", "a")
		shard := shardOf("Database", group, 0, 0)
		name, err := shard.Name(component)
		if err != nil {
			t.Fatal(err)
		}
		l.Name, l.Labels = name, shard.Labels(component)
		snapshot := Build([]coordinationv1.Lease{l}, now)
		if len(snapshot.Kinds) != 1 || snapshot.Kinds[0].Group != group {
			t.Errorf("group %q: got %+v, problems %q", group, snapshot.Kinds, snapshot.Problems)
		}
	}
}
