package e2e

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/restmapper"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// TestManifests: the API server takes everything that "kubectl apply -k config/", "-k
// config/monitored" and "-k config/samples" apply, and drops no field of it.
func TestManifests(t *testing.T) {
	t.Parallel()
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(plane.client.Discovery()))
	all := kustomized(t, ".")
	for _, object := range all {
		if object.GetKind() == "Namespace" { // the others need it even in a dry run
			apply(t, mapper, object, false)
			t.Cleanup(func() {
				_ = plane.client.CoreV1().Namespaces().Delete(context.Background(), object.GetName(), metav1.DeleteOptions{})
			})
		}
	}
	for _, object := range slices.Concat(all, kustomized(t, "monitored"), kustomized(t, "samples")) {
		apply(t, mapper, object, true)
	}
	t.Run("Pod Security", func(t *testing.T) { podSecurity(t, all) })
}

// kustomized is what a folder of config builds.
func kustomized(t *testing.T, folder string) []*unstructured.Unstructured {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), filepath.Join("..", "..", "config", folder))
	if err != nil {
		t.Fatal(err)
	}
	var all []*unstructured.Unstructured
	for _, resource := range built.Resources() {
		object, err := resource.Map()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, &unstructured.Unstructured{Object: object})
	}
	return all
}

func apply(t *testing.T, mapper meta.RESTMapper, object *unstructured.Unstructured, dry bool) {
	t.Helper()
	gvk := object.GroupVersionKind()
	mapping, err := mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if err != nil {
		t.Errorf("%s: %v", object.GetKind(), err)
		return
	}
	namespace := ""
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		if namespace = object.GetNamespace(); namespace == "" {
			namespace = metav1.NamespaceDefault
		}
	}
	raw, err := object.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	options := metav1.PatchOptions{FieldManager: "kubectl", FieldValidation: metav1.FieldValidationStrict, Force: new(true)}
	if dry {
		options.DryRun = []string{metav1.DryRunAll}
	}
	_, err = plane.objects.Resource(mapping.Resource).Namespace(namespace).Patch(t.Context(), object.GetName(), types.ApplyPatchType, raw, options)
	if err != nil {
		t.Errorf("%s %s: %v", object.GetKind(), object.GetName(), err)
	}
}

// podSecurity makes the Deployment's Pod where "restricted" is enforced, and one that
// may do a little more.
func podSecurity(t *testing.T, all []*unstructured.Unstructured) {
	var d appsv1.Deployment
	for _, object := range all {
		if object.GetKind() == "Deployment" {
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &d); err != nil {
				t.Fatal(err)
			}
		}
	}
	if d.Name == "" {
		t.Fatal("there is no Deployment")
	}
	try := func(change func(*corev1.Container)) error {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "probe", Labels: d.Spec.Template.Labels}, Spec: *d.Spec.Template.Spec.DeepCopy()}
		change(&pod.Spec.Containers[0])
		_, err := plane.client.CoreV1().Pods(d.Namespace).Create(t.Context(), pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		return err
	}
	if err := try(func(*corev1.Container) {}); err != nil {
		t.Errorf("the Deployment's Pod: %v", err)
	}
	err := try(func(c *corev1.Container) { c.SecurityContext.AllowPrivilegeEscalation = new(true) })
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "restricted") {
		t.Errorf("a Pod that may escalate its privileges: %v, want a refusal", err)
	}
}
