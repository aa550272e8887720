package owners

import (
	"bytes"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kindred-k8s/kindred/cmd/kindred/cli"
	"github.com/kindred-k8s/kindred/pkg/assign"
	"github.com/kindred-k8s/kindred/pkg/inspect"
)

func TestNothingHasAHint(t *testing.T) {
	for want, query := range map[string]inspect.Query{
		`no Lease with the label kindred.dev/component in namespace "ns". Look elsewhere with -n NAMESPACE, or in all namespaces with "kindred owners -A"`: {Namespace: "ns"},
		`no Lease with the label kindred.dev/component=x in any namespace. Leave --component out`:                                                          {Component: "x"},
		`no Lease with the label kindred.dev/component in any namespace. The Leases appear when`:                                                           {},
	} {
		if got := cli.NewOptions("kindred", genericiooptions.IOStreams{}, formats...).Nothing(query); !strings.Contains(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func snapshot() *inspect.Snapshot {
	return &inspect.Snapshot{
		Kinds: []inspect.Kind{
			{Kind: "Database", Group: "g.io", Namespace: "ns", Component: "c", Lease: "c.database.g.io", Owner: "a", Holder: "a_1", Term: 2, State: inspect.Owned, UID: "u", Node: "node-1"},
			{Kind: "Queue", Group: "g.io", Namespace: "ns", Component: "c", Lease: "c.queue.g.io", State: inspect.Vacant, MoveTo: "b", Planned: "c_1", Because: assign.Vacant},
		},
		Replicas: []inspect.Replica{{Name: "a", Identity: "a_1", Namespace: "ns", Component: "c", Owned: 1, Alive: true}},
	}
}

// written writes the snapshot in a format.
func written(out *bytes.Buffer, format string) error {
	o := &options{Options: cli.NewOptions("kindred", genericiooptions.IOStreams{}, formats...)}
	o.Output = format
	return o.write(out, snapshot(), inspect.Query{Namespace: "ns"})
}

func TestFormats(t *testing.T) {
	for format, wants := range map[string][]string{
		"table": {"KIND       GROUP   OWNER", "Database   g.io    a ", "STATE    PLANNED   REASON", "vacant   c         no owner: given to"},
		"wide":  {"COMPONENT   KIND", "LEASE", "REPLICA", "NODE     BY-HAND   PLANNED   REASON", "<none>   b         c ", "node-1 "},
		"name":  {"lease.coordination.k8s.io/c.database.g.io\n"},
		"json":  {`"kind": "Database"`, `"since": null`, `"moveTo": "b"`, `"planned": "c_1"`},
		"yaml":  {"- component: c", "  kind: Database"},
	} {
		out := &bytes.Buffer{}
		if err := written(out, format); err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s has no %q:\n%s", format, want, out)
			}
		}
	}
}

func TestLinesSayWhatChangesOfOwnerDoNot(t *testing.T) {
	l, s := &lines{}, snapshot()
	check := func(what, want string) {
		t.Helper()
		if got := strings.Join(l.of(s), "|"); got != want {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}
	check("at first", "Database.g.io  owned by a, term 2|Queue.g.io  vacant")
	check("nothing new", "")
	s.Kinds[0].State = inspect.Stale
	s.Problems = []string{"a Lease\x1b[2J is odd"}
	if got := strings.Join(l.of(s), "|"); !strings.Contains(got, "Database.g.io  stale: a last renewed it at ") || !strings.HasSuffix(got, "|warning: a Lease?[2J is odd") {
		t.Errorf("stale: got %q", got)
	}
	check("said already", "")
}

func TestEssenceLeavesTheTimesOut(t *testing.T) {
	a, b := snapshot(), snapshot()
	b.Kinds[0].Renewed.Time = b.Kinds[0].Renewed.AddDate(1, 0, 0)
	if essence(a) != essence(b) {
		t.Error("a renewal is no news")
	}
	b.Kinds[0].Holder = "b_1"
	if essence(a) == essence(b) {
		t.Error("a new holder is news")
	}
	c := snapshot()
	c.Kinds[1].Paused = true
	if essence(a) == essence(c) {
		t.Error("a kind that is paused is news")
	}
}
