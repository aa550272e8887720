package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/kindred-k8s/kindred/cmd/kindred/doctor"
	"github.com/kindred-k8s/kindred/pkg/fence/policy"
	"github.com/kindred-k8s/kindred/pkg/inspect"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// TestDoctor: it finds nothing in a fleet that is well, and what is broken on the real
// API server, each with its fix; and it says what it was not let look at.
func TestDoctor(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.account(nil)
	f.grantLeases()
	f.grantPods()
	f.grantKinds()
	for _, name := range names(3) {
		f.launchPod(name)
	}
	f.settle()
	p := f.person()

	report, code := f.examine(p.admin())
	if code != 0 || len(report.Findings) != 1 || report.Findings[0].Check != "policies" || report.Findings[0].Severity != doctor.Info {
		t.Errorf("a fleet that is well: exit code %d, %+v", code, report)
	}
	if want := "--service-account " + f.namespace + "/" + serviceAccount; !strings.Contains(report.Findings[0].Fix, want) {
		t.Errorf("the fix is %q, want %q, which the Pods say", report.Findings[0].Fix, want)
	}
	if report.Kinds != 5 || report.Replicas != 3 || len(report.Unseen) > 0 {
		t.Errorf("it has looked at too little: %+v", report)
	}

	f.revokeDelete()
	f.annotate(database, lease.AnnotationMoveTo, "op-9")
	f.annotate(f.kinds[1], lease.AnnotationPaused, "true")
	f.junk()
	f.fenceOne(t, database)
	within(t, settleTimeout, "the findings", func(context.Context) error {
		report, code = f.examine(p.admin())
		var missing []string
		for _, want := range []string{
			"error rbac op in namespace " + f.namespace + ": may not delete leases",
			"warning hands " + f.leaseName(database) + `: moved by hand to "op-9"`,
			"info hands " + f.leaseName(f.kinds[1]) + ": is paused for ",
			"error kinds op.ghost.example.com: no live, ready replica serves it",
			"warning installed op.ghost.example.com: does not serve Ghost.example.com",
			"warning leases op.odd: kubectl delete lease",
			"info holders " + "op.phantom.example.com: no member Lease",
			"warning policies " + f.leaseName(f.kinds[1]) + ": not fenced by the API server (status)",
			"error policies kindred-status." + f.namespace + "." + f.leaseName(database) + ": it judges the writes of ServiceAccount " + f.namespace + "/nobody",
		} {
			if !found(report, want) {
				missing = append(missing, want)
			}
		}
		if code != 1 || len(missing) > 0 {
			text, _ := json.MarshalIndent(report, "", " ")
			return fmt.Errorf("exit code %d, not found: %s\n%s", code, strings.Join(missing, "\n"), text)
		}
		return nil
	})

	// Who may only read Leases is told what was not looked at, and why.
	p.grantAll()
	_, _, err := p.run("doctor", "--for=0", "--skip", "hands,kinds,leases,installed,holders")
	if got := exitCode(err); got != 2 {
		t.Errorf("exit code %d, %v; want 2", got, err)
	}
	report = f.reportOf(p.run("doctor", "--for=0", "-o", "json"))
	var unseen []string
	for _, u := range report.Unseen {
		unseen = append(unseen, u.Check)
	}
	slices.Sort(unseen)
	if want := []string{"names", "policies", "rbac"}; !slices.Equal(unseen, want) {
		t.Errorf("not looked at: %v, want %v: %+v", unseen, want, report.Unseen)
	}
}

// TestExplain: what the command says of a kind, and of its node, on the real API server.
func TestExplain(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.account(nil)
	f.grantLeases()
	f.grantPods()
	f.grantKinds()
	for _, name := range names(2) {
		pod := f.launchPod(name)
		binding := &corev1.Binding{ObjectMeta: metav1.ObjectMeta{Name: pod.Name}, Target: corev1.ObjectReference{Kind: "Node", Name: "node-of-" + name}}
		if err := plane.client.CoreV1().Pods(f.namespace).Bind(t.Context(), binding, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	f.settle()
	p := f.person()
	owner := f.owner(database)
	out, _, err := execute(t.Context(), append([]string{"explain", "database"}, p.admin()...)...)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"owned: " + owner + " holds the Lease", "node-of-" + owner, "owns it, as planned", "could be given it", "Keep: owner kept"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	out, _, err = execute(t.Context(), append([]string{"owners", "-o", "wide"}, p.admin()...)...)
	if err != nil || !strings.Contains(out, "node-of-op-0") || !strings.Contains(out, "node-of-op-1") {
		t.Errorf("owners -o wide: %v\n%s", err, out)
	}
	// Without permission to read Pods there is no node, and no failure.
	p.grantAll()
	if out := p.must("owners", "-o", "wide"); strings.Contains(out, "node-of-") {
		t.Errorf("nodes without permission:\n%s", out)
	}
	p.must("move", "database", "--to", owner)
	var explanation inspect.Explanation
	if err := json.Unmarshal([]byte(p.must("explain", "database", "-o", "json")), &explanation); err != nil {
		t.Fatal(err)
	}
	if len(explanation.Held) != 1 || explanation.Held[0].Reason != inspect.MovedByHand || explanation.Reason != "KeepPinned" {
		t.Errorf("moved by hand: %+v", explanation)
	}
	// What a shell asks when Tab is pressed.
	for want, args := range map[string][]string{
		"Database": {"explain", "dat"},
		"op-1":     {"move", "Database", "--to", "op-1"},
	} {
		words := append([]string{"__complete", args[0]}, p.args...)
		if out, _, err := execute(t.Context(), append(words, args[1:]...)...); err != nil || !strings.HasPrefix(out, want+"\n") {
			t.Errorf("completing %v: %q, %v; want %s", args, out, err, want)
		}
	}
}

// admin are the flags with which a command may do everything.
func (p *person) admin() []string {
	return []string{"--kubeconfig=" + plane.Kubeconfig, "-n", p.f.namespace}
}

// examine runs kindred doctor and returns its report and exit code.
func (f *fleet) examine(flags []string) (doctor.Report, int) {
	f.t.Helper()
	out, warnings, err := execute(f.t.Context(), append([]string{"doctor", "--for=1500ms", "-o", "json"}, flags...)...)
	return f.reportOf(out, warnings, err), exitCode(err)
}

func (f *fleet) reportOf(out, _ string, err error) (report doctor.Report) {
	f.t.Helper()
	if jsonErr := json.Unmarshal([]byte(out), &report); jsonErr != nil {
		f.t.Fatalf("%v: %v: %s", err, jsonErr, out)
	}
	return report
}

func exitCode(err error) int {
	var exit *doctor.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.Code
	default:
		return -1
	}
}

// found says whether a report has "severity check where: part".
func found(report doctor.Report, want string) bool {
	head, part, _ := strings.Cut(want, ": ")
	fields := strings.SplitN(head, " ", 3)
	return slices.ContainsFunc(report.Findings, func(f doctor.Finding) bool {
		return string(f.Severity) == fields[0] && f.Check == fields[1] && strings.HasSuffix(f.Where, fields[2]) &&
			(strings.Contains(f.What, part) || strings.Contains(f.Fix, part))
	})
}

// revokeDelete takes a verb out of the Role.
func (f *fleet) revokeDelete() {
	f.t.Helper()
	var role rbacv1.Role
	manifest(f.t, "leases_role.yaml", &role)
	role.Rules[0].Verbs = slices.DeleteFunc(role.Rules[0].Verbs, func(verb string) bool { return verb == "delete" })
	f.applyRole(&role)
}

// annotate writes an annotation on a kind's Lease.
func (f *fleet) annotate(kind, key, value string) {
	f.t.Helper()
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]any{key: value}}})
	if err != nil {
		f.t.Fatal(err)
	}
	if _, err := plane.client.CoordinationV1().Leases(f.namespace).Patch(f.t.Context(), f.leaseName(kind), types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		f.t.Fatal(err)
	}
}

// junk makes Leases that no replica has asked for: of a kind that is not there, one that
// is held by nobody known, and one that is none of Kindred's.
func (f *fleet) junk() {
	f.t.Helper()
	for name, holder := range map[string]string{"Ghost": "", "Phantom": "phantom_1"} {
		shard := lease.ShardOf(schema.GroupKind{Group: "example.com", Kind: name})
		leaseName, err := shard.Name(f.component)
		if err != nil {
			f.t.Fatal(err)
		}
		l := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: leaseName, Labels: shard.Labels(f.component)}}
		if holder != "" {
			l.Spec = coordinationv1.LeaseSpec{HolderIdentity: &holder, LeaseDurationSeconds: ptr.To[int32](600), RenewTime: ptr.To(metav1.NowMicro())}
		}
		f.create(l)
	}
	f.create(&coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: "op.odd", Labels: map[string]string{lease.LabelComponent: f.component}}})
}

func (f *fleet) create(l *coordinationv1.Lease) {
	f.t.Helper()
	if _, err := plane.client.CoordinationV1().Leases(f.namespace).Create(f.t.Context(), l, metav1.CreateOptions{}); err != nil {
		f.t.Fatal(err)
	}
}

// fenceOne installs the policy of one kind only, and for the wrong ServiceAccount.
func (f *fleet) fenceOne(t *testing.T, kind string) {
	t.Helper()
	groupKind := lease.ParseShard(kind).Kind
	generated, err := policy.Generate(policy.Options{
		Component: f.component, Namespace: f.namespace, ServiceAccount: types.NamespacedName{Namespace: f.namespace, Name: "nobody"},
		Areas: []policy.Area{policy.Status}, Kinds: []policy.Kind{{GroupKind: groupKind, Resource: strings.ToLower(groupKind.Kind) + "s"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	client := plane.client.AdmissionregistrationV1()
	for _, p := range generated {
		if _, err := client.ValidatingAdmissionPolicies().Create(t.Context(), p.Policy, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		if _, err := client.ValidatingAdmissionPolicyBindings().Create(t.Context(), p.Binding, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = client.ValidatingAdmissionPolicyBindings().Delete(context.Background(), p.Binding.Name, metav1.DeleteOptions{}) // they go with the cluster
			_ = client.ValidatingAdmissionPolicies().Delete(context.Background(), p.Policy.Name, metav1.DeleteOptions{})
		})
	}
}
