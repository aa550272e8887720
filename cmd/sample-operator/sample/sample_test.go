package sample

import (
	"context"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic/fake"

	"github.com/kindred-k8s/kindred/config"
)

func TestKindsAreThoseOfTheDefinitions(t *testing.T) {
	crds, err := config.CRDs()
	if err != nil {
		t.Fatal(err)
	}
	if len(crds) != len(Kinds) {
		t.Errorf("%d definitions for %d kinds", len(crds), len(Kinds))
	}
	for _, crd := range crds {
		kind := schema.GroupKind{Group: crd.Spec.Group, Kind: crd.Spec.Names.Kind}
		if !slices.Contains(Kinds, kind) {
			t.Errorf("%s is defined and not one of Kinds", kind)
		}
		want := schema.GroupVersionResource{Group: crd.Spec.Group, Version: crd.Spec.Versions[0].Name, Resource: crd.Spec.Names.Plural}
		if got := GVR(kind); got != want {
			t.Errorf("GVR(%s) is %s, want %s", kind, got, want)
		}
	}
}

func TestCreateIsIdempotent(t *testing.T) {
	ctx := context.Background()
	lists := map[schema.GroupVersionResource]string{}
	for _, kind := range Kinds {
		lists[GVR(kind)] = kind.Kind + "List"
	}
	client := fake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), lists)
	for _, perKind := range []int{2, 2, 4} {
		if err := create(ctx, client, "shop", perKind); err != nil {
			t.Fatal(err)
		}
		for _, kind := range Kinds {
			list, err := client.Resource(GVR(kind)).Namespace("shop").List(ctx, metav1.ListOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if len(list.Items) != perKind {
				t.Errorf("there are %d of %s, want %d", len(list.Items), kind, perKind)
			}
			for _, object := range list.Items {
				if !strings.HasPrefix(object.GetName(), strings.ToLower(kind.Kind)+"-") || object.Object["spec"] == nil {
					t.Errorf("%s %s is not a sample", kind, object.GetName())
				}
			}
		}
	}
}
