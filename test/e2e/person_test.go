package e2e

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kindred-k8s/kindred/cmd/kindred/doctor"
	"github.com/kindred-k8s/kindred/cmd/kindred/explain"
	"github.com/kindred-k8s/kindred/cmd/kindred/history"
	"github.com/kindred-k8s/kindred/cmd/kindred/owners"
	"github.com/kindred-k8s/kindred/cmd/kindred/steer"
	"github.com/kindred-k8s/kindred/pkg/inspect"
	observed "github.com/kindred-k8s/kindred/pkg/observe/events"
)

// person is somebody with a token and no more permissions than a test grants.
type person struct {
	f    *fleet
	args []string
}

const personName = "person"

func (f *fleet) person() *person {
	f.t.Helper()
	config, err := plane.ServiceAccountConfig(f.t.Context(), f.namespace, personName, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	p := &person{f: f, args: []string{"--kubeconfig=" + f.write(personName, config), "-n", f.namespace}}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: p.role()},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: p.role()},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: personName, Namespace: f.namespace}},
	}
	if _, err := plane.client.RbacV1().RoleBindings(f.namespace).Create(f.t.Context(), binding, metav1.CreateOptions{}); err != nil {
		f.t.Fatal(err)
	}
	return p
}

// role is this test's own copy of the ClusterRole.
func (p *person) role() string { return "kindred-by-hand-" + p.f.namespace }

// grant gives the person the ClusterRole in config/rbac, in the namespace of the
// Leases, less the verb.
func (p *person) grant(without string) {
	p.f.t.Helper()
	var role rbacv1.ClusterRole
	manifest(p.f.t, "by_hand_role.yaml", &role)
	role.Name = p.role()
	for i := range role.Rules {
		role.Rules[i].Verbs = slices.DeleteFunc(role.Rules[i].Verbs, func(verb string) bool { return verb == without })
	}
	role.Rules = slices.DeleteFunc(role.Rules, func(rule rbacv1.PolicyRule) bool { return len(rule.Verbs) == 0 })
	// Roles are made by an update too.
	if _, err := plane.client.RbacV1().ClusterRoles().Update(p.f.t.Context(), &role, metav1.UpdateOptions{}); err != nil {
		p.f.t.Fatal(err)
	}
}

// grantAll gives the person the whole ClusterRole, and waits until it counts.
func (p *person) grantAll() {
	p.f.t.Helper()
	p.grant("")
	within(p.f.t, settleTimeout, "the role to count", func(context.Context) error {
		_, _, err := p.run("pause", "--dry-run=server")
		return err
	})
}

// run runs a command of kindred. It returns what it prints, and its warnings.
func (p *person) run(args ...string) (string, string, error) {
	return execute(p.f.t.Context(), append(slices.Clone(args), p.args...)...)
}

// execute runs a command of kindred with whatever permissions its flags give it.
func execute(ctx context.Context, args ...string) (string, string, error) {
	streams, _, out, warnings := genericiooptions.NewTestIOStreams()
	root := &cobra.Command{Use: "kindred", SilenceUsage: true, SilenceErrors: true}
	root.AddCommand(steer.NewCommands("kindred", streams)...)
	root.AddCommand(owners.NewCommand("kindred", streams), explain.NewCommand("kindred", streams),
		history.NewCommand("kindred", streams), doctor.NewCommand("kindred", streams))
	root.SetArgs(args)
	root.SetOut(streams.Out)
	root.SetErr(streams.ErrOut)
	err := root.ExecuteContext(ctx)
	return out.String(), warnings.String(), err
}

// must runs a command that has to succeed without a warning.
func (p *person) must(args ...string) string {
	p.f.t.Helper()
	out, warnings, err := p.run(args...)
	if err != nil || warnings != "" {
		p.f.t.Fatalf("kindred %v: %v %s", args, err, warnings)
	}
	return out
}

// kind is what kindred owners says of a kind.
func (p *person) kind(name string) inspect.Kind {
	p.f.t.Helper()
	var snapshot inspect.Snapshot
	if err := json.Unmarshal([]byte(p.must("owners", "-o", "json")), &snapshot); err != nil {
		p.f.t.Fatal(err)
	}
	i := slices.IndexFunc(snapshot.Kinds, func(k inspect.Kind) bool { return k.Name() == name })
	if i < 0 {
		p.f.t.Fatalf("there is no %s in %+v", name, snapshot.Kinds)
	}
	return snapshot.Kinds[i]
}

// wantEvents checks what kubectl describe lease shows of what a person did, which asks
// in this way, in the order of time: reason, action, reporting component and message.
func (f *fleet) wantEvents(kind string, want ...string) {
	f.t.Helper()
	l, err := plane.client.CoordinationV1().Leases(f.namespace).Get(f.t.Context(), f.leaseName(kind), metav1.GetOptions{})
	if err != nil {
		f.t.Fatal(err)
	}
	events, err := plane.client.CoreV1().Events(f.namespace).List(f.t.Context(), metav1.ListOptions{FieldSelector: fields.Set{
		"involvedObject.kind": "Lease", "involvedObject.namespace": f.namespace,
		"involvedObject.name": l.Name, "involvedObject.uid": string(l.UID),
	}.String()})
	if err != nil {
		f.t.Fatal(err)
	}
	slices.SortFunc(events.Items, func(a, b corev1.Event) int { return a.EventTime.Compare(b.EventTime.Time) })
	var got []string
	for _, e := range events.Items {
		if e.ReportingController == observed.Reporter {
			continue // what the replicas did
		}
		got = append(got, strings.Join([]string{e.Reason, e.Action, e.ReportingController, e.Message}, " "))
	}
	if !slices.EqualFunc(got, want, strings.HasPrefix) {
		f.t.Errorf("Events about %s:\n%s\nwant\n%s", l.Name, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// takeOff removes an annotation from a kind's Lease, if it is there.
func (f *fleet) takeOff(kind, annotation string) {
	f.t.Helper()
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]any{annotation: nil}}})
	if err != nil {
		f.t.Fatal(err)
	}
	_, err = plane.client.CoordinationV1().Leases(f.namespace).Patch(f.t.Context(), f.leaseName(kind), types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		f.t.Fatal(err)
	}
}
