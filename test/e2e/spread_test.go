package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// TestTogether: five replicas started at once own one kind each, and kubectl
// shows it.
func TestTogether(t *testing.T) {
	f := newFleet(t)
	began := time.Now()
	f.start(names(5)...)
	f.settle()
	t.Logf("started and settled in %v", time.Since(began).Round(time.Millisecond))
	f.wantSplitInKubectl()
}

// TestOneByOne: the first replica owns everything, and each that comes relieves
// the others.
func TestOneByOne(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	for _, name := range names(5) {
		f.start(name)
		f.settle()
	}
	f.wantSplitInKubectl()
	// Every replica has taken over what was too much, and nothing else moved: 5
	// starts by the first, then 2, 1, 1 and 0 or 1 moves.
	if starts := f.journal.starts(0); starts > 10 {
		t.Errorf("%d reconcilers were started for five kinds and five replicas:\n%v", starts, f.journal.since(0))
	}
}

// wantSplitInKubectl checks what kubectl get leases -l kindred.dev/component=...
// shows when each replica has one kind.
func (f *fleet) wantSplitInKubectl() {
	f.t.Helper()
	holds := map[string][]string{}
	for _, row := range f.kubectlGetLeases(lease.LabelComponent + "=" + f.component) {
		holds[row[1]] = append(holds[row[1]], row[0])
	}
	var pods, owned []string
	for holder, names := range holds {
		pods = append(pods, lease.PodName(holder))
		member := lease.MemberName(f.component, holder)
		if len(names) != 2 || !slices.Contains(names, member) {
			f.t.Errorf("%s holds %v, want %s and one kind", holder, names, member)
		}
		owned = append(owned, slices.DeleteFunc(names, func(name string) bool { return name == member })...)
	}
	var want []string
	for _, kind := range sample.Kinds {
		want = append(want, f.component+"."+strings.ToLower(kind.Kind)+".sample.kindred.dev")
	}
	slices.Sort(want)
	slices.Sort(owned)
	if diff := cmp.Diff(want, owned); diff != "" {
		f.t.Errorf("the Leases' names: %s", diff)
	}
	slices.Sort(pods)
	if diff := cmp.Diff(f.names(), pods); diff != "" {
		f.t.Errorf("the holders' names: %s", diff)
	}
	leases, err := f.leases(f.t.Context(), lease.RoleOwner)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, kind := range f.kinds {
		want := map[string]string{
			"kindred.dev/component": f.component, "kindred.dev/role": "owner",
			"kindred.dev/kind": lease.ParseShard(kind).Kind.Kind, "kindred.dev/group": "sample.kindred.dev",
		}
		if got := leases[f.leaseName(kind)].Labels; !maps.Equal(got, want) {
			f.t.Errorf("labels of %s's Lease are %v, want %v", kind, got, want)
		}
	}
}

// kubectlGetLeases returns the rows of what kubectl prints: the API server makes
// them, and kubectl asks for them in this way.
func (f *fleet) kubectlGetLeases(selector string) [][]string {
	f.t.Helper()
	raw, err := plane.client.CoordinationV1().RESTClient().Get().Namespace(f.namespace).Resource("leases").
		Param("labelSelector", selector).
		SetHeader("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io").
		DoRaw(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	var table metav1.Table
	if err := json.Unmarshal(raw, &table); err != nil {
		f.t.Fatal(err)
	}
	out := fmt.Sprintf("kubectl get leases -l %s\n", selector)
	var rows [][]string
	for _, row := range table.Rows {
		var cells []string
		for i, cell := range row.Cells {
			if table.ColumnDefinitions[i].Priority == 0 {
				cells = append(cells, fmt.Sprint(cell))
			}
		}
		rows = append(rows, cells)
		out += strings.Join(cells, "  ") + "\n"
	}
	f.t.Log(out)
	return rows
}
