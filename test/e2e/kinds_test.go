package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
)

// TestTwoComponents: two components in one namespace, whose replicas even have
// the same names, do not disturb each other.
func TestTwoComponents(t *testing.T) {
	t.Parallel()
	a := newFleet(t, func(f *fleet) { f.component = "alpha" })
	b := newFleet(t, func(f *fleet) { f.component, f.namespace = "beta", a.namespace })
	a.start(names(3)...)
	b.start(names(2)...)
	a.settle()
	b.settle()
	mark := b.journal.mark()
	a.kill("op-0")
	a.stop("op-1")
	a.settle()
	if lines := b.journal.since(mark); len(lines) > 0 {
		t.Errorf("what happened to alpha disturbed beta: %v", lines)
	}
	b.settle()
}

// TestDifferentKinds: replicas that do not all serve the same kinds share what
// each can serve, and a kind that nobody serves waits for a replica that does.
func TestDifferentKinds(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	serves := map[string]string{
		"op-0": "Database,Queue",
		"op-1": "Queue,Topic",
		"op-2": "Topic,Cache,Bucket",
	}
	for name, kinds := range serves {
		f.launch(name, nil, "--kinds="+kinds)
	}
	f.settle()
	for kind, runs := range f.journal.now() {
		if name, _, _ := strings.Cut(kind, "."); !strings.Contains(serves[runs.Replica], name) {
			t.Errorf("%s runs %s, which it does not serve", runs.Replica, kind)
		}
	}

	f.stop("op-2")
	all := f.kinds
	f.kinds = slices.DeleteFunc(slices.Clone(all), func(kind string) bool {
		return strings.HasPrefix(kind, "Cache") || strings.HasPrefix(kind, "Bucket")
	})
	f.settle()
	if running := f.journal.now(); len(running) != len(f.kinds) {
		t.Errorf("these run, although nobody serves Cache and Bucket: %v", running)
	}

	f.kinds = all
	f.start("op-3") // serves everything
	f.settle()
}

// TestLateKind: a kind whose CRD does not exist yet is waited for, in words that
// say what to do, and the others run meanwhile.
//
// Not parallel: it removes a CRD.
func TestLateKind(t *testing.T) {
	f := newFleet(t)
	t.Cleanup(func() {
		if err := sample.InstallCRDs(context.Background(), plane.config); err != nil {
			t.Error(err)
		}
	})
	removeTopics(t)
	all := f.kinds
	f.kinds = slices.DeleteFunc(slices.Clone(all), func(kind string) bool { return strings.HasPrefix(kind, "Topic") })
	f.start(names(3)...)
	f.settle()
	for _, r := range f.live {
		r.says("does not serve Topic.sample.kindred.dev yet: install its CustomResourceDefinition")
	}

	if err := sample.InstallCRDs(t.Context(), plane.config); err != nil {
		t.Fatal(err)
	}
	if err := sample.CreateSamples(t.Context(), plane.config, f.objects, perKind); err != nil {
		t.Fatal(err)
	}
	f.kinds = all
	f.settle()
}

func removeTopics(t *testing.T) {
	t.Helper()
	crds := plane.objects.Resource(schema.GroupVersionResource{
		Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions",
	})
	const name = "topics." + sample.Group
	if err := crds.Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	topics := plane.objects.Resource(sample.GVR(schema.GroupKind{Group: sample.Group, Kind: "Topic"}))
	within(t, settleTimeout, "Topic to be gone", func(ctx context.Context) error {
		if _, err := crds.Get(ctx, name, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			return fmt.Errorf("reading its CRD: %v", err)
		}
		if _, err := topics.List(ctx, metav1.ListOptions{}); !apierrors.IsNotFound(err) {
			return fmt.Errorf("listing: %v", err)
		}
		return nil
	})
}

// says waits until the replica's log has a text.
func (r *replica) says(text string) {
	r.t.Helper()
	within(r.t, settleTimeout, r.name+" to say it", func(context.Context) error {
		if !strings.Contains(r.said(), text) {
			return fmt.Errorf("its log does not have %q", text)
		}
		return nil
	})
}
