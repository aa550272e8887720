package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"

	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/test/cluster"
)

// TestLeasesInAnotherCluster: replicas whose objects are in two clusters share kinds
// through Leases in one place, which the replicas of the west reach from another
// cluster. When that way is cut their kinds go to the east, although both API servers
// live, and when it is whole again the kinds are shared again.
func TestLeasesInAnotherCluster(t *testing.T) {
	t.Parallel()
	west, err := cluster.Start(t.Context(), cluster.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := west.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err := sample.InstallCRDs(t.Context(), west.RESTConfig()); err != nil {
		t.Fatal(err)
	}
	f := newFleet(t)
	const westObjects = "default"
	if err := sample.CreateSamples(t.Context(), west.RESTConfig(), westObjects, perKind); err != nil {
		t.Fatal(err)
	}
	wayWest, leases := f.proxy("west")
	f.start("east-0", "east-1")
	for _, name := range []string{"west-0", "west-1"} {
		f.launch(name, nil, "--kubeconfig="+west.Kubeconfig, "--watch-namespace="+westObjects, "--leader-elect-kubeconfig="+leases)
	}
	westClient, err := dynamic.NewForConfig(west.RESTConfig())
	if err != nil {
		t.Fatal(err)
	}
	shared := func(want ...int) {
		t.Helper()
		within(t, settleTimeout, fmt.Sprintf("the replicas to have %v kinds each", want), func(ctx context.Context) error {
			owners, err := f.owned(ctx)
			if err != nil {
				return err
			}
			if got := f.counts(owners); fmt.Sprint(got) != fmt.Sprint(want) {
				return fmt.Errorf("they have %v: %v", got, owners)
			}
			for kind, owner := range owners {
				resource := sample.GVR(lease.ParseShard(kind).Kind)
				objects := plane.objects.Resource(resource).Namespace(f.objects)
				if strings.HasPrefix(owner, "west-") {
					objects = westClient.Resource(resource).Namespace(westObjects)
				}
				if err := reconciledBy(ctx, objects, owner); err != nil {
					return fmt.Errorf("%s: %w", kind, err)
				}
			}
			return nil
		})
	}
	shared(1, 1, 1, 2)
	f.wantMembers()

	wayWest.Cut()
	shared(0, 0, 2, 3)
	for kind, runs := range f.journal.now() {
		if !strings.HasPrefix(runs.Replica, "east-") {
			t.Errorf("%s is run by %s, which cannot renew its Lease", kind, runs.Replica)
		}
	}
	wayWest.Heal()
	shared(1, 1, 1, 2)
}

// reconciledBy says whether a replica has written the status of every object.
func reconciledBy(ctx context.Context, client dynamic.ResourceInterface, replica string) error {
	list, err := client.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	if len(list.Items) != perKind {
		return fmt.Errorf("there are %d objects, want %d", len(list.Items), perKind)
	}
	for _, object := range list.Items {
		if pod, _, _ := unstructured.NestedString(object.Object, "status", "pod"); pod != replica {
			return fmt.Errorf("%s was reconciled by %q, and the owner is %s", object.GetName(), pod, replica)
		}
	}
	return nil
}
