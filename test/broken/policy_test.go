package broken

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"

	policycommand "github.com/kindred-k8s/kindred/cmd/kindred/policy"
	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
	"github.com/kindred-k8s/kindred/pkg/fence/policy"
)

// install applies what "kindred policy" prints for a fleet, and waits until it is in
// force. The fleet's Leases, from which the command takes the kinds, must exist.
func (f *fleet) install(t *testing.T) {
	t.Helper()
	t.Setenv("HOME", t.TempDir()) // for the cache of what the API server serves
	streams, _, out, _ := genericiooptions.NewTestIOStreams()
	command := policycommand.NewCommand("kindred", streams)
	command.SetArgs([]string{"--component=" + component, "-n", f.namespace, "--service-account=" + account, "--kubeconfig=" + plane.Kubeconfig})
	if err := command.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	for document := range bytes.SplitSeq(out.Bytes(), []byte("---\n")) {
		object := unstructured.Unstructured{}
		if err := yaml.Unmarshal(document, &object.Object); err != nil {
			t.Fatal(err)
		}
		resource := "validatingadmissionpolicies"
		if object.GetKind() == "ValidatingAdmissionPolicyBinding" {
			resource = "validatingadmissionpolicybindings"
		}
		api := plane.objects.Resource(object.GroupVersionKind().GroupVersion().WithResource(resource))
		if _, err := api.Apply(t.Context(), object.GetName(), &object, metav1.ApplyOptions{FieldManager: "kubectl"}); err != nil {
			t.Fatal(err)
		}
	}
	within(t, patience, "the policy to be in force", f.refuses)
}

// refuses returns nil when each kind's status is refused to a Pod that does not own
// the kind.
func (f *fleet) refuses(ctx context.Context) error {
	for _, kind := range kinds {
		owner, err := f.owner(ctx, kind)
		if err != nil {
			return err
		}
		other := f.replicas[slices.IndexFunc(f.replicas, func(r *replica) bool { return r != owner })]
		client, err := dynamic.NewForConfig(other.config)
		if err != nil {
			return err
		}
		_, err = client.Resource(sample.GVR(kind)).Namespace(f.namespace).Patch(ctx, objectName(kind, 0), types.MergePatchType,
			[]byte("{}"), metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}}, "status")
		if !policy.IsRefused(err) {
			return errors.Join(errors.New("it is not"), err)
		}
	}
	return nil
}
