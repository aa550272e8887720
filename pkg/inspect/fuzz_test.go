package inspect

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// Whatever is in the Leases, there is a Snapshot, it can be written, and no
// control character reaches the terminal.
func TestBuildTakesAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.OneOf(rapid.SampledFrom([]string{"", "widget-operator", "owner", "member", "Database", "core",
			"widget-operator.database.core", "widget-operator.a-b", "a_b", `{"serves":[{"shard":"Database","weight":-9}]}`,
			`{"phase":"ready","capacity":9223372036854775807,"serves":[{"shard":"Database","weight":9223372036854775807}]}`}), rapid.String())
		when := rapid.Custom(func(t *rapid.T) *metav1.MicroTime {
			return ptr(metav1.NewMicroTime(time.Unix(rapid.Int64Range(-1<<40, 1<<40).Draw(t, "unix"), 0)))
		})
		leases := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) coordinationv1.Lease {
			l := coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{
				Namespace: word.Draw(t, "namespace"), Name: word.Draw(t, "name"),
				Labels: map[string]string{
					lease.LabelComponent: word.Draw(t, "component"), lease.LabelRole: word.Draw(t, "role"),
					lease.LabelKind: word.Draw(t, "kind"),
				},
				Annotations: map[string]string{lease.AnnotationMember: word.Draw(t, "annotation"), lease.AnnotationMoveTo: word.Draw(t, "move to")},
			}}
			if rapid.Bool().Draw(t, "held") {
				l.Spec.HolderIdentity = ptr(word.Draw(t, "holder"))
			}
			if rapid.Bool().Draw(t, "timed") {
				l.Spec.LeaseDurationSeconds = ptr(rapid.Int32().Draw(t, "duration"))
				l.Spec.LeaseTransitions = ptr(rapid.Int32().Draw(t, "transitions"))
				l.Spec.RenewTime, l.Spec.AcquireTime = when.Draw(t, "renewed"), when.Draw(t, "acquired")
			}
			return l
		}), 0, 8).Draw(t, "leases")
		wantSnapshot(t, leases)
	})
}

// FuzzBuild is the same with Leases as an API server sends them, each in a line.
func FuzzBuild(f *testing.F) {
	seed := func(leases ...coordinationv1.Lease) {
		var text []byte
		for i := range leases {
			line, err := json.Marshal(&leases[i])
			if err != nil {
				f.Fatal(err)
			}
			text = append(append(text, line...), '\n')
		}
		f.Add(text)
	}
	seed(fleetOf(f, "a: Database Queue", "b: Cache")...)
	seed(owned(f, "Database", "a", func(l *coordinationv1.Lease) {
		l.Spec.HolderIdentity = ptr("a\x1b[2J\n\u202e_" + strings.Repeat("x", 9000))
		l.Spec.LeaseDurationSeconds, l.Spec.LeaseTransitions = ptr(int32(math.MaxInt32)), ptr(int32(math.MaxInt32))
		l.Spec.AcquireTime = ptr(metav1.NewMicroTime(time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)))
		l.Spec.RenewTime = l.Spec.AcquireTime
	}))
	seed(owned(f, "Database", "", func(l *coordinationv1.Lease) { l.Spec = coordinationv1.LeaseSpec{} }))
	seed(member(f, "a", "Database", func(m *lease.Member) {
		m.Capacity, m.Serves[0].Weight = math.MaxInt64, math.MaxInt64
		m.Serves = append(m.Serves, m.Serves[0], lease.Served{Shard: "..\x00"}, lease.Served{Shard: "database.sample.kindred.dev"})
	}), owned(f, "Database", "a"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var leases []coordinationv1.Lease
		for line := range bytes.Lines(text) {
			l := coordinationv1.Lease{}
			if len(leases) < 20 && json.Unmarshal(line, &l) == nil {
				leases = append(leases, l)
			}
		}
		wantSnapshot(t, leases)
	})
}

// wantSnapshot checks what is promised of a Snapshot of any Leases.
func wantSnapshot(t interface {
	Helper()
	Fatalf(string, ...any)
}, leases []coordinationv1.Lease) {
	t.Helper()
	snapshot := Build(leases, now)
	if unlisted := cmpopts.IgnoreUnexported(Replica{}); uniquelyNamed(leases) {
		turned := slices.Clone(leases)
		slices.Reverse(turned)
		if diff := cmp.Diff(snapshot, Build(turned, now), unlisted); diff != "" {
			t.Fatalf("the order of the Leases matters: %s", diff)
		}
	}
	for _, kind := range snapshot.Kinds {
		if name, err := shardOf(kind.Kind, kind.Group, kind.Bucket, kind.Of).Name(kind.Component); err != nil || name != kind.Lease || kind.Term < 0 {
			t.Fatalf("%+v has the Lease %q, %v", kind, name, err)
		}
	}
	if reasons := snapshot.Imbalance(); (len(reasons) == 0) != snapshot.Balanced() {
		t.Fatalf("balanced, but for %q", reasons)
	}
	wantWritten(t, snapshot)

	tracker := newTracker()
	for i := range leases {
		change, changed := tracker.observe(&leases[i], i%3 == 0, false, now.Add(time.Duration(i)*time.Second))
		if changed && (Printable(change.String()) != change.String() || change.Gap < 0) {
			t.Fatalf("control characters, or a gap of %v, in %q", change.Gap, change)
		}
	}
}

// wantWritten checks that programs and terminals can read a Snapshot.
func wantWritten(t interface {
	Helper()
	Fatalf(string, ...any)
}, snapshot *Snapshot) {
	t.Helper()
	text := strings.Builder{}
	for _, options := range []TableOptions{{}, {Namespace: true, Component: true, Wide: true}} {
		if snapshot.WriteKinds(&text, options) != nil || snapshot.WriteReplicas(&text, options) != nil {
			t.Fatalf("a table was not written")
		}
	}
	if lines := strings.ReplaceAll(text.String(), "\n", ""); Printable(lines) != lines {
		t.Fatalf("control characters in %q", text.String())
	}
	if got, want := strings.Count(text.String(), "\n"), 2*(2+len(snapshot.Kinds)+len(snapshot.Replicas)); got != want {
		t.Fatalf("%d lines, want %d: %q", got, want, text.String())
	}
	written, err := json.Marshal(snapshot)
	if err != nil {
		t.Fatalf("as JSON: %v", err)
	}
	read := Snapshot{}
	if err := json.Unmarshal(written, &read); err != nil {
		t.Fatalf("its JSON cannot be read: %v: %s", err, written)
	}
	if len(read.Kinds) != len(snapshot.Kinds) || len(read.Replicas) != len(snapshot.Replicas) {
		t.Fatalf("its JSON reads back otherwise: %s", written)
	}
}

// uniquelyNamed says whether the Leases can be in one API server.
func uniquelyNamed(leases []coordinationv1.Lease) bool {
	seen := map[leaseKey]bool{}
	for _, l := range leases {
		key := leaseKey{l.Namespace, l.Name}
		if seen[key] {
			return false
		}
		seen[key] = true
	}
	return true
}
