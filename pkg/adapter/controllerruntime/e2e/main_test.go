package e2e

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
	"github.com/kindred-k8s/kindred/test/cluster"
)

// plane is the control plane of this test binary. Tests have namespaces of their
// own in it.
var plane struct {
	*cluster.Cluster
	client kubernetes.Interface
}

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	klog.SetLogger(logr.Discard())
	log.SetLogger(logr.Discard())
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
	if err := sample.InstallCRDs(ctx, plane.RESTConfig()); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

// newNamespace makes a namespace with two objects of each kind.
func newNamespace(t *testing.T) string {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "cr-"}}
	made, err := plane.client.CoreV1().Namespaces().Create(t.Context(), namespace, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := sample.CreateSamples(t.Context(), plane.RESTConfig(), made.Name, perKind); err != nil {
		t.Fatal(err)
	}
	return made.Name
}

// within waits until check has no error.
func within(t *testing.T, limit time.Duration, what string, check func() error) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %v still not: %s: %v", limit, what, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
