package fence_test

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"sigs.k8s.io/yaml"

	policycommand "github.com/kindred-k8s/kindred/cmd/kindred/policy"
	"github.com/kindred-k8s/kindred/pkg/fence/policy"
)

// TestKindredPolicy: what the command prints can be applied, and does what it says.
func TestKindredPolicy(t *testing.T) {
	w := newWorld(t, "Cache")
	queues := w.with("Queue")
	w.give("robot-a_1f2e3d4c")
	queues.give("robot-b_1f2e3d4c")
	a, b := w.pod("robot", "robot-a"), w.pod("robot", "robot-b")

	// The kinds come from the Leases, their plurals from the API server.
	args := []string{"--component=" + component, "-n", w.namespace, "--service-account=robot", "--fence=status,spec"}
	objects := printed(t, args...)
	if len(objects) != 2+8 { // the watch; kinds, areas, policy and binding
		t.Fatalf("%d objects, want 10", len(objects))
	}
	var rules []string
	for _, object := range objects {
		found, _, _ := unstructured.NestedSlice(object.Object, "spec", "matchConstraints", "resourceRules")
		for _, rule := range found {
			resources, _, _ := unstructured.NestedStringSlice(rule.(map[string]any), "resources")
			rules = append(rules, resources...)
		}
	}
	if want := []string{"nothing", "caches/status", "caches", "caches/scale", "queues/status", "queues", "queues/scale"}; !slices.Equal(rules, want) {
		t.Errorf("it fences %v, want %v", rules, want)
	}
	if diff := cmp.Diff(objects, printed(t, append(args, "-o", "json")...)); diff != "" {
		t.Errorf("JSON differs from YAML:\n%s", diff)
	}

	// As kubectl apply --server-side does it; first for show, then twice.
	w.apply(objects, metav1.DryRunAll)
	if err := w.write(b, "after the dry run"); err != nil {
		t.Errorf("a dry run puts a policy into force: %v", err)
	}
	w.apply(objects)
	w.apply(objects)
	w.eventually("status", func() error { return refused(w.write(b, "x"), "the holder is robot-a_1f2e3d4c") })
	checkRefused(t, "spec", w.patch(b, map[string]any{"metadata": map[string]any{"labels": map[string]any{"a": "b"}}}))
	w.mustWrite("the holder", a)
	w.mustWrite("a person", w.admin)

	// Another kind of the component has another holder.
	queues.mustWrite("the holder of the other kind", queues.of(b))
	queues.mustRefuse("the holder of this kind only", queues.of(a), "the holder is robot-b_1f2e3d4c")
}

// printed returns what the command prints.
func printed(t *testing.T, args ...string) []unstructured.Unstructured {
	t.Helper()
	t.Setenv("HOME", t.TempDir()) // for the cache of what the API server serves
	streams, _, out, _ := genericiooptions.NewTestIOStreams()
	command := policycommand.NewCommand("kindred", streams)
	command.SetArgs(append(args, "--kubeconfig="+testCluster.Kubeconfig))
	if err := command.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if slices.Contains(args, "json") {
		list := unstructured.UnstructuredList{}
		if err := json.Unmarshal(out.Bytes(), &list); err != nil {
			t.Fatal(err)
		}
		return list.Items
	}
	var objects []unstructured.Unstructured
	for document := range bytes.SplitSeq(out.Bytes(), []byte("---\n")) {
		object := unstructured.Unstructured{}
		if err := yaml.Unmarshal(document, &object.Object); err != nil {
			t.Fatal(err)
		}
		objects = append(objects, object)
	}
	return objects
}

// apply applies policies and bindings, and takes them away at the end of the test.
func (w *world) apply(objects []unstructured.Unstructured, dryRun ...string) {
	w.t.Helper()
	for _, object := range objects {
		resource := "validatingadmissionpolicies"
		if object.GetKind() == "ValidatingAdmissionPolicyBinding" {
			resource = "validatingadmissionpolicybindings"
		}
		api := w.admin.dynamic.Resource(object.GroupVersionKind().GroupVersion().WithResource(resource))
		if _, err := api.Apply(w.t.Context(), object.GetName(), &object, metav1.ApplyOptions{FieldManager: "kubectl", DryRun: dryRun}); err != nil {
			w.t.Fatal(err)
		}
		if len(dryRun) == 0 && object.GetName() != policy.WatchName {
			w.t.Cleanup(func() { _ = api.Delete(context.Background(), object.GetName(), metav1.DeleteOptions{}) })
		}
	}
}
