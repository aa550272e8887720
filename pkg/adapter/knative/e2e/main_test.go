package e2e

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/klog/v2"

	foos "github.com/kindred-k8s/kindred/pkg/adapter/knative/e2e/generated/clientset/versioned"
	"github.com/kindred-k8s/kindred/test/cluster"
)

// plane is the control plane of this test binary. Tests have namespaces of their own in
// it.
var plane struct {
	*cluster.Cluster
	client kubernetes.Interface
	foos   foos.Interface
}

func TestMain(m *testing.M) {
	if os.Getenv(orderEnv) != "" {
		os.Exit(runReplica())
	}
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	klog.SetLogger(logr.Discard())
	ctx, cancel := context.WithTimeout(context.Background(), 12*time.Minute) // it may have to be compiled
	defer cancel()
	if plane.Cluster, err = cluster.Start(ctx, cluster.Options{}); err != nil {
		return 0, err
	}
	defer func() {
		if stopErr := plane.Stop(); err == nil {
			err = stopErr
		}
	}()
	if plane.client, err = kubernetes.NewForConfig(plane.RESTConfig()); err != nil {
		return 0, err
	}
	if plane.foos, err = foos.NewForConfig(plane.RESTConfig()); err != nil {
		return 0, err
	}
	if err := installFoo(ctx); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

// installFoo installs the definition of Foo, of which knative.dev/pkg has the Go type
// only, and waits until it is served.
func installFoo(ctx context.Context) error {
	client, err := apiextensions.NewForConfig(plane.RESTConfig())
	if err != nil {
		return err
	}
	anything := true
	crd := &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: "foos." + foo.Group},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: foo.Group, Scope: apiextensionsv1.NamespaceScoped,
			Names: apiextensionsv1.CustomResourceDefinitionNames{Plural: "foos", Singular: "foo", Kind: foo.Kind, ListKind: "FooList"},
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{
				Name: "v1alpha1", Served: true, Storage: true,
				Schema: &apiextensionsv1.CustomResourceValidation{
					OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{Type: "object", XPreserveUnknownFields: &anything},
				},
				Subresources: &apiextensionsv1.CustomResourceSubresources{Status: &apiextensionsv1.CustomResourceSubresourceStatus{}},
			}},
		},
	}
	if _, err := client.ApiextensionsV1().CustomResourceDefinitions().Create(ctx, crd, metav1.CreateOptions{}); err != nil {
		return err
	}
	return until(ctx, func() error {
		_, err := plane.foos.ExampleV1alpha1().Foos("default").List(ctx, metav1.ListOptions{})
		return err
	})
}

func newNamespace(t *testing.T) string {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "knative-"}}
	made, err := plane.client.CoreV1().Namespaces().Create(t.Context(), namespace, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return made.Name
}

// until waits for check to have no error, and returns the last one when ctx ends first.
func until(ctx context.Context, check func() error) error {
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := check()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-ticker.C:
		}
	}
}

const settleTimeout = time.Minute

// within fails the test when check still has an error after a minute.
func within(t *testing.T, what string, check func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), settleTimeout)
	defer cancel()
	if err := until(ctx, check); err != nil {
		t.Fatalf("after %v still not: %s: %v", settleTimeout, what, err)
	}
}
