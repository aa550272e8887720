package inspect

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	coordinationv1 "k8s.io/api/coordination/v1"
)

func TestTables(t *testing.T) {
	snapshot := Build([]coordinationv1.Lease{
		moved(owned(t, "Database", "a"), "\x1b[31mred", true), owned(t, "Queue", ""), old(owned(t, "Topic", "\x1b[31mred")), member(t, "a", "Database Queue Topic"),
	}, now)
	tests := map[string]struct {
		options TableOptions
		write   func(*strings.Builder, TableOptions) error
		want    string
	}{
		"kinds": {
			write: func(out *strings.Builder, o TableOptions) error { return snapshot.WriteKinds(out, o) },
			want: `
KIND       GROUP                OWNER      TERM   SINCE    STATE
Database   sample.kindred.dev   a          3      60s      owned
Queue      sample.kindred.dev   <none>     3      <none>   vacant
Topic      sample.kindred.dev   ?[31mred   3      60s      stale
`,
		},
		"wide, of all namespaces": {
			options: TableOptions{Namespace: true, Wide: true},
			write:   func(out *strings.Builder, o TableOptions) error { return snapshot.WriteKinds(out, o) },
			want: `
NAMESPACE   COMPONENT         KIND       GROUP                OWNER      TERM   SINCE    STATE    LEASE                                         HOLDER         RENEWED   NODE     BY-HAND           PLANNED   REASON
ns          widget-operator   Database   sample.kindred.dev   a          3      60s      owned    widget-operator.database.sample.kindred.dev   a_abc          1s        <none>   ?[31mred,paused   <none>    owner kept by hand
ns          widget-operator   Queue      sample.kindred.dev   <none>     3      <none>   vacant   widget-operator.queue.sample.kindred.dev      <none>         1s        <none>   <none>            a         no owner: given to the least loaded replica that serves it
ns          widget-operator   Topic      sample.kindred.dev   ?[31mred   3      60s      stale    widget-operator.topic.sample.kindred.dev      ?[31mred_abc   60s       <none>   <none>            a         no owner: given to the least loaded replica that serves it
`,
		},
		"replicas": {
			write: func(out *strings.Builder, o TableOptions) error { return snapshot.WriteReplicas(out, o) },
			want: `
REPLICA    PHASE       OWNED   OWNS
?[31mred   not alive   1       Topic
a          ready       1       Database
`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			out := &strings.Builder{}
			if err := test.write(out, test.options); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, "\n"+out.String()); diff != "" {
				t.Errorf("table (-want +got):\n%s", diff)
			}
		})
	}
}
